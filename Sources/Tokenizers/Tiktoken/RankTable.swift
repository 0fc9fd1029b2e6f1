/// What merging takes of a tiktoken vocabulary. A token's rank is its id.
///
/// tiktoken merges any two tokens whose bytes together are a token. Of the ways to cut a token in two, though,
/// only one ever has its turn: until the token is whole, nothing merges across its ends, so what happens
/// between them is what happens to its bytes alone. The table has that one pair for each token, and none for a
/// token that its bytes do not lead to.
///
/// A class of constants, so that handing it on counts one reference and not one for each array.
final class RankTable: Sendable {
    /// The number of tokens.
    let count: Int
    /// The tokens by their bytes.
    let index: TokenIndex
    let merges: MergeTable
    let symbols: PieceSymbols

    /// - Throws: what is wrong, and in which line of the file: the token of rank `i` is in line `i + 1`.
    init(_ tokens: TokenTable) throws(RankFile.Damage) {
        count = tokens.count
        index = TokenIndex(tokens)
        if let duplicate = index.duplicate {
            let what = "its token is that of rank \(duplicate.earlier)"
            throw RankFile.Damage(what: what, line: Int(duplicate.id) + 1)
        }
        var byteRanks: [Int32] = []
        for byte in UInt8.min...UInt8.max {
            let rank = index.id(of: [byte], count: 1)
            guard rank != TokenIndex.none else {
                let hex = String(byte, radix: 16, uppercase: true)
                throw RankFile.Damage(what: "no token stands for the byte 0x\(hex)", line: count)
            }
            byteRanks.append(rank)
        }
        var derivation = Derivation(tokens, byteRanks)
        derivation.deriveAll(tokens, byteRanks)
        merges = derivation.merger.merges
        symbols = PieceSymbols(tokens, byteRanks, whole: derivation.isWhole)
    }

    /// How each token comes about.
    private struct Derivation {
        var merger: SymbolMerger
        /// The highest rank of the merges that a token takes; -1 for a byte.
        private var highest: [Int32]
        /// Whether a token's bytes become that token, by merges of lower rank than any that it takes part in.
        private(set) var isWhole: [Bool]

        init(_ tokens: TokenTable, _ byteRanks: [Int32]) {
            merger = SymbolMerger(MergeTable(minimumCapacity: tokens.count))
            highest = [Int32](repeating: -1, count: tokens.count)
            isWhole = [Bool](repeating: false, count: tokens.count)
        }

        /// Shorter tokens come first: they are all that a longer one is made of.
        mutating func deriveAll(_ tokens: TokenTable, _ byteRanks: [Int32]) {
            let byLength = (0..<tokens.count).map { tokens.bytes(of: Int32($0)).count << 32 | $0 }.sorted()
            var symbols: [Int32] = []
            var parts: [Int32] = []
            for key in byLength where key >> 32 > 1 {
                let rank = Int32(truncatingIfNeeded: key)
                symbols.removeAll(keepingCapacity: true)
                for byte in tokens.bytes(of: rank) { symbols.append(byteRanks[Int(byte)]) }
                parts.removeAll(keepingCapacity: true)
                symbols.withUnsafeBufferPointer { merger.append($0, to: &parts) }
                if parts.count == 2 { insert(parts[0], parts[1], rank: rank) }
            }
        }

        private mutating func insert(_ left: Int32, _ right: Int32, rank: Int32) {
            merger.merges.insert(left: left, right: right, rank: rank, merged: rank)
            highest[Int(rank)] = max(rank, highest[Int(left)], highest[Int(right)])
            isWhole[Int(rank)] = true
            for part in [left, right] where rank <= highest[Int(part)] { isWhole[Int(part)] = false }
        }
    }
}
