/// Merges symbols into tokens: always the pair with the lowest rank, the leftmost of equals, until no pair merges
/// (`Word::merge_all` of Hugging Face's tokenizers; with the merged token's id as rank, `byte_pair_merge` of tiktoken).
///
/// Nearly all words of a text are short, so they are merged by a scan; the heap keeps long ones near-linear. Milliseconds
/// for 1 MB on one core of an EPYC, best of 20, measured with `llama-tokenize benchmark` (with `ScanMerge.capacity` 0 the
/// heap merges everything):
///
///     Llama 2: prose  code  Chinese    Llama 3: prose  code  Chinese    one letter  random letters
///     scan        32    32       14                8     7       20
///     heap        83    60       18               17    14       26            186             314
///
/// One value serves one encoding; its buffers are reused from word to word.
struct SymbolMerger {
    private var scan = ScanMerge()
    private var heap = HeapMerge()

    /// Appends the tokens that the symbols merge into.
    ///
    /// - Parameter symbols: fewer than 2^31.
    @inline(__always)
    mutating func append(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup, to ids: inout [Int32]
    ) {
        if symbols.count <= ScanMerge.capacity {
            scan.merge(symbols, merges) { ids.append(contentsOf: $0) }
        } else {
            heap.append(symbols, merges, to: &ids)
        }
    }

    /// The two tokens that the symbols merge into; nil if they merge into more, or into one.
    @inline(__always)
    mutating func pair(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup
    ) -> (left: Int32, right: Int32)? {
        if symbols.count <= ScanMerge.capacity {
            return scan.merge(symbols, merges) { $0.count == 2 ? ($0[0], $0[1]) : nil }
        }
        var ids: [Int32] = []
        heap.append(symbols, merges, to: &ids)
        return ids.count == 2 ? (ids[0], ids[1]) : nil
    }
}
