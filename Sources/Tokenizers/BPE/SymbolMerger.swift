/// Merges symbols into tokens: always the pair of the lowest rank, the leftmost of equals, until none is left
/// (`Word::merge_all` of Hugging Face's tokenizers; with the merged token's id for a rank, `byte_pair_merge` of
/// tiktoken). Made for one encoding; what it works with is reused.
struct SymbolMerger {
    private let merges: MergeTable
    private var heap = HeapMerge()

    init(_ merges: MergeTable) {
        self.merges = merges
    }

    /// Appends what becomes of fewer than 2^31 symbols.
    mutating func append(_ symbols: UnsafeBufferPointer<Int32>, to ids: inout [Int32]) {
        merges.withLookup { heap.append(symbols, $0, to: &ids) }
    }
}
