/// Merges the bytes of a piece into tokens: always the pair whose bytes together have the lowest rank, the
/// leftmost of equals (`byte_pair_merge` of tiktoken). Made for one encoding; what it works with is reused.
struct PieceMerger {
    /// A piece up to this length is searched anew for every merge, which is quick in the cache and would be
    /// quadratic beyond.
    static let shortLength = 128

    private let ranks: RankTable
    private var parts: [Part] = []
    private var longMerger: LongPieceMerger?

    /// A part of a short piece.
    private struct Part {
        let start: Int
        var id: Int32
        /// The rank of this part and the next together.
        var pairRank: Int32
    }

    init(_ ranks: RankTable) {
        self.ranks = ranks
        parts.reserveCapacity(Self.shortLength)
    }

    /// Appends the tokens of a piece of at least one byte.
    mutating func append(_ piece: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        guard let start = piece.baseAddress else { return }
        let whole = ranks.rank(of: start, count: piece.count)
        if whole != RankTable.none {
            ids.append(whole)
        } else if piece.count <= Self.shortLength {
            appendShort(start, piece.count, to: &ids)
        } else {
            appendLong(piece, to: &ids)
        }
    }

    private mutating func appendShort(_ start: UnsafePointer<UInt8>, _ count: Int, to ids: inout [Int32]) {
        parts.removeAll(keepingCapacity: true)
        for place in 0..<count {
            let pairRank =
                place + 1 < count ? ranks.rank(of: start[place], start[place + 1]) : RankTable.none
            parts.append(Part(start: place, id: ranks.rank(of: start[place]), pairRank: pairRank))
        }
        parts.append(Part(start: count, id: 0, pairRank: RankTable.none))
        let left = parts.withUnsafeMutableBufferPointer { Self.merge($0, start, ranks) }
        for index in 0..<left { ids.append(parts[index].id) }
    }

    /// Merges all that can be; returns the number of parts. The last of `parts` only says where the piece ends.
    private static func merge(
        _ parts: UnsafeMutableBufferPointer<Part>, _ start: UnsafePointer<UInt8>, _ ranks: RankTable
    ) -> Int {
        var count = parts.count - 1
        func pairRank(at index: Int) -> Int32 {
            guard index + 1 < count else { return RankTable.none }
            let first = parts[index].start
            return ranks.rank(of: start + first, count: parts[index + 2].start - first)
        }
        while true {
            var lowest = RankTable.none
            var merged = 0
            for index in 0..<count where parts[index].pairRank < lowest {
                lowest = parts[index].pairRank
                merged = index
            }
            if lowest == RankTable.none { return count }
            parts[merged].id = lowest
            for index in (merged + 1)..<count { parts[index] = parts[index + 1] }
            count -= 1
            parts[merged].pairRank = pairRank(at: merged)
            if merged > 0 { parts[merged - 1].pairRank = pairRank(at: merged - 1) }
        }
    }

    private mutating func appendLong(_ piece: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        var merger = longMerger.take() ?? LongPieceMerger(ranks)
        // A piece is cut where its places would no longer fit 31 bits; nothing that has one is known.
        var rest = piece
        while !rest.isEmpty {
            let part = UnsafeBufferPointer(rebasing: rest.prefix(1 << 30))
            merger.append(part, to: &ids)
            rest = UnsafeBufferPointer(rebasing: rest.dropFirst(part.count))
        }
        longMerger = merger
    }
}
