/// Derives the merges of a tiktoken vocabulary: for each token, the two tokens that its bytes merge into last.
struct MergeDerivation {
    /// The last pair of each token.
    private(set) var merges: MergeTable
    /// Whether a token's bytes become that token by merges of lower rank than any that it takes part in.
    private(set) var isWhole: [Bool]
    /// The highest rank of the merges that lead to a token; -1 for a byte.
    private var highest: [Int32]

    init(count: Int) {
        merges = MergeTable(minimumCapacity: count)
        isWhole = [Bool](repeating: false, count: count)
        highest = [Int32](repeating: -1, count: count)
    }

    /// Derives the shortest tokens first, because longer ones merge from them.
    mutating func deriveAll(_ tokens: TokenTable, _ byteRanks: [Int32]) {
        var merger = SymbolMerger()
        tokens.withFlatBytes { bytes, bounds in
            var symbols = [Int32](repeating: 0, count: bounds.longest)
            for rank in Self.byLength(bounds) {
                let range = bounds(rank)
                guard range.count > 1 else { continue }
                // The token's own merge is not in the table yet: if its bytes lead to it, two symbols are left.
                let pair = symbols.withUnsafeMutableBufferPointer { symbols in
                    for (index, offset) in range.enumerated() {
                        symbols[index] = byteRanks[Int(bytes[offset])]
                    }
                    let symbols = UnsafeBufferPointer(rebasing: symbols[..<range.count])
                    return merges.withLookup { merger.pair(symbols, $0) }
                }
                if let (left, right) = pair { insert(left, right, rank: rank) }
            }
        }
    }

    /// The ranks of all tokens, the shortest first (a counting sort).
    private static func byLength(_ bounds: TokenTable.Bounds) -> [Int32] {
        var starts = [Int](repeating: 0, count: bounds.longest + 2)
        for rank in 0..<Int32(bounds.count) { starts[bounds(rank).count + 1] += 1 }
        for length in starts.indices.dropFirst() { starts[length] += starts[length - 1] }
        var ranks = [Int32](repeating: 0, count: bounds.count)
        for rank in 0..<Int32(bounds.count) {
            let length = bounds(rank).count
            ranks[starts[length]] = rank
            starts[length] += 1
        }
        return ranks
    }

    private mutating func insert(_ left: Int32, _ right: Int32, rank: Int32) {
        merges.insert(left: left, right: right, rank: rank, merged: rank)
        highest[Int(rank)] = max(rank, highest[Int(left)], highest[Int(right)])
        isWhole[Int(rank)] = true
        if rank <= highest[Int(left)] { isWhole[Int(left)] = false }
        if rank <= highest[Int(right)] { isWhole[Int(right)] = false }
    }
}
