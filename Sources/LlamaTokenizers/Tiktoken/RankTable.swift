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
        var derivation = MergeDerivation(count: tokens.count)
        derivation.deriveAll(tokens, byteRanks)
        merges = derivation.merges
        symbols = PieceSymbols(tokens, byteRanks, whole: derivation.isWhole)
    }
}
