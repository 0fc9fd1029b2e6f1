/// A tiktoken vocabulary prepared for merging. A token's rank is its id.
///
/// tiktoken merges any two tokens whose bytes together are a token. Of the ways to split a token in two, though, only one
/// ever occurs: until the token is complete nothing merges across its ends, so between them the merges are those of its
/// bytes alone. The table has that one pair for each token, and none for a token that its bytes do not merge into.
///
/// A class of constants, so that passing it on retains one object rather than each array.
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
            let what = "it repeats the token of rank \(duplicate.earlier)"
            throw RankFile.Damage(what: what, line: Int(duplicate.id) + 1)
        }
        var byteRanks: [Int32] = []
        for byte in UInt8.min...UInt8.max {
            let rank = index.id(of: [byte], count: 1)
            guard rank != TokenIndex.none else {
                let hex = String(byte, radix: 16, uppercase: true)
                throw RankFile.Damage(what: "there is no token for the byte 0x\(hex)", line: count)
            }
            byteRanks.append(rank)
        }
        var derivation = MergeDerivation(count: tokens.count)
        derivation.deriveAll(tokens, byteRanks)
        merges = derivation.merges
        symbols = PieceSymbols(tokens, byteRanks, whole: derivation.isWhole)
    }
}
