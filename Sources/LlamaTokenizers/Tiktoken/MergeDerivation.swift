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
        var symbols: [Int32] = []
        var pair: [Int32] = []
        tokens.withFlatBytes { bytes, bounds in
            for rank in Self.byLength(bounds) {
                let range = bounds(rank)
                guard range.count > 1 else { continue }
                symbols.removeAll(keepingCapacity: true)
                for index in range { symbols.append(byteRanks[Int(bytes[index])]) }
                pair.removeAll(keepingCapacity: true)
                // Without the token's own merge, which is not in the table yet, two symbols are left of a token that
                // merging reaches.
                symbols.withUnsafeBufferPointer { symbols in
                    merges.withLookup { merger.append(symbols, $0, to: &pair) }
                }
                if pair.count == 2 { insert(pair[0], pair[1], rank: rank) }
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
