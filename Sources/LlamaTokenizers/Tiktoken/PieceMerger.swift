/// Turns the words of a text into tokens. One value serves one encoding; its buffers are reused.
struct PieceMerger {
    // Copies, because reading them through the class would retain and release for every word.
    private let index: TokenIndex
    private let pieceSymbols: PieceSymbols
    private let merges: MergeTable.Lookup
    private var merger = SymbolMerger()
    private var symbols: [Int32] = []

    /// - Parameter merges: the merges of `ranks`.
    init(_ ranks: RankTable, _ merges: MergeTable.Lookup) {
        index = ranks.index
        pieceSymbols = ranks.symbols
        self.merges = merges
    }

    /// Appends the tokens of a word of at least one byte: if the word is a token, that one, whether or not merging leads to
    /// it, else the tokens that its bytes merge into.
    mutating func append(_ piece: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        guard let start = piece.baseAddress else { return }
        let whole = index.id(of: start, count: piece.count)
        if whole != TokenIndex.none {
            ids.append(whole)
            return
        }
        // A longer word is split, because positions have 31 bits.
        var rest = piece
        while !rest.isEmpty {
            let chunk = UnsafeBufferPointer(rebasing: rest.prefix(1 << 30))
            if symbols.count < chunk.count { symbols = [Int32](repeating: 0, count: 2 * chunk.count) }
            symbols.withUnsafeMutableBufferPointer { symbols in
                let count = pieceSymbols.write(chunk, to: symbols)
                merger.append(UnsafeBufferPointer(rebasing: symbols[..<count]), merges, to: &ids)
            }
            rest = UnsafeBufferPointer(rebasing: rest.dropFirst(chunk.count))
        }
    }
}
