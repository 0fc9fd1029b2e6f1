/// Turns the pieces of a text into tokens. Made for one encoding; what it works with is reused.
struct PieceMerger {
    // Copies, because a read through the class would count references for every piece.
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

    /// Appends the tokens of a piece of at least one byte: the token that it is, whether or not merging leads
    /// there, else what its bytes merge into.
    mutating func append(_ piece: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        guard let start = piece.baseAddress else { return }
        let whole = index.id(of: start, count: piece.count)
        if whole != TokenIndex.none {
            ids.append(whole)
            return
        }
        // A piece is cut where its places would no longer fit 31 bits; nothing that has one is known.
        var rest = piece
        while !rest.isEmpty {
            let part = UnsafeBufferPointer(rebasing: rest.prefix(1 << 30))
            if symbols.count < part.count { symbols = [Int32](repeating: 0, count: 2 * part.count) }
            symbols.withUnsafeMutableBufferPointer { symbols in
                let count = pieceSymbols.write(part, to: symbols)
                merger.append(UnsafeBufferPointer(rebasing: symbols[..<count]), merges, to: &ids)
            }
            rest = UnsafeBufferPointer(rebasing: rest.dropFirst(part.count))
        }
    }
}
