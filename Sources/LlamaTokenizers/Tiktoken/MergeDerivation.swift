/// Finds out how each token of a tiktoken vocabulary comes about: of which two tokens, in the end.
struct MergeDerivation {
    /// The pair of each token that its bytes lead to.
    private(set) var merges: MergeTable
    /// Whether a token's bytes become that token, by merges of lower rank than any that it takes part in.
    private(set) var isWhole: [Bool]
    /// The highest rank of the merges that a token takes; -1 for a byte.
    private var highest: [Int32]

    /// Tokens of up to this many bytes, nearly all, are merged in two arrays that are shifted.
    private static let shortLength = 32

    init(count: Int) {
        merges = MergeTable(minimumCapacity: count)
        isWhole = [Bool](repeating: false, count: count)
        highest = [Int32](repeating: -1, count: count)
    }

    /// Shorter tokens come first: they are all that a longer one is made of.
    mutating func deriveAll(_ tokens: TokenTable, _ byteRanks: [Int32]) {
        var symbols = [Int32](repeating: 0, count: Self.shortLength)
        var ranks = symbols
        tokens.withFlatBytes { bytes, bounds in
            for rank in Self.byLength(bounds) {
                let range = bounds(rank)
                guard range.count > 1 else { continue }
                let pair: (Int32, Int32)?
                if range.count <= Self.shortLength {
                    for (place, index) in range.enumerated() { symbols[place] = byteRanks[Int(bytes[index])] }
                    pair = symbols.withUnsafeMutableBufferPointer { symbols in
                        ranks.withUnsafeMutableBufferPointer { ranks in
                            merges.withLookup { Self.lastPair(symbols, ranks, count: range.count, $0) }
                        }
                    }
                } else {
                    pair = lastPair(ofLong: range.map { byteRanks[Int(bytes[$0])] })
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

    /// The two symbols that are left when all others have merged; nil where more are, or one.
    @inline(__always)
    private static func lastPair(
        _ symbols: UnsafeMutableBufferPointer<Int32>, _ ranks: UnsafeMutableBufferPointer<Int32>, count: Int,
        _ merges: MergeTable.Lookup
    ) -> (Int32, Int32)? {
        var count = count
        for place in 0..<(count - 1) { ranks[place] = merges.merge(symbols[place], symbols[place + 1]).rank }
        while count > 2 {
            var lowest = MergeTable.none
            var place = 0
            for index in 0..<(count - 1) where ranks[index] < lowest {
                (lowest, place) = (ranks[index], index)
            }
            if lowest == MergeTable.none { return nil }
            // A token's rank is its id.
            symbols[place] = lowest
            count -= 1
            for index in (place + 1)..<max(place + 1, count) { symbols[index] = symbols[index + 1] }
            for index in (place + 1)..<max(place + 1, count - 1) { ranks[index] = ranks[index + 1] }
            if place + 1 < count { ranks[place] = merges.merge(lowest, symbols[place + 1]).rank }
            if place > 0 { ranks[place - 1] = merges.merge(symbols[place - 1], lowest).rank }
        }
        return (symbols[0], symbols[1])
    }

    private func lastPair(ofLong symbols: [Int32]) -> (Int32, Int32)? {
        var merger = SymbolMerger()
        var parts: [Int32] = []
        merges.withLookup { merges in
            symbols.withUnsafeBufferPointer { merger.append($0, merges, to: &parts) }
        }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    private mutating func insert(_ left: Int32, _ right: Int32, rank: Int32) {
        merges.insert(left: left, right: right, rank: rank, merged: rank)
        highest[Int(rank)] = max(rank, highest[Int(left)], highest[Int(right)])
        isWhole[Int(rank)] = true
        if rank <= highest[Int(left)] { isWhole[Int(left)] = false }
        if rank <= highest[Int(right)] { isWhole[Int(right)] = false }
    }
}
