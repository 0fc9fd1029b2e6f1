/// Merges symbols into tokens: always the pair with the lowest rank, the leftmost of equals, until no pair merges
/// (`Word::merge_all` of Hugging Face's tokenizers; with the merged token's id as rank, `byte_pair_merge` of tiktoken).
///
/// Nearly all words of a text are short, so they are merged by a scan; a tree keeps long ones near-linear. Milliseconds for
/// 1 MB of prose, of words of 200 to 400 random letters, and without a word break, on a busy core of an EPYC, best of 15,
/// measured with `llama-tokenize benchmark`:
///
///                prose   words of 200-400   one letter   spaces   random letters
///     Llama 3        9                 47           26       33              175
///     Llama 2       31                 46           26       74               45
///
/// A single word of 1 MB of random letters spends most of that time waiting for memory.
///
/// One value serves one encoding; its buffers are reused from word to word.
struct SymbolMerger {
    private var scan = ScanMerge()
    private var tree = TreeMerge()

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
            tree.append(symbols, merges, to: &ids)
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
        tree.append(symbols, merges, to: &ids)
        return ids.count == 2 ? (ids[0], ids[1]) : nil
    }
}
