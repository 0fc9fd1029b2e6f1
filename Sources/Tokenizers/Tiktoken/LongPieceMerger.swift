/// The merges of a long piece in near-linear time.
///
/// The pairs lie in one list for each rank, the ranks that have pairs in a heap: a piece has few different
/// ranks, so the heap stays in the cache however long the piece. A list is worked off from left to right;
/// before it goes on, the pairs of no higher rank that a merge has brought about go first, by a small heap of
/// their own. So the order is exactly by rank, then by place.
struct LongPieceMerger {
    /// How often the rank of a pair was asked for: the measure of the work done.
    private(set) var lookUpCount = 0

    private let ranks: RankTable

    /// The parts by the place where they begin, each linked to its neighbours; -1 before the first.
    private var previous: [Int32] = []
    private var next: [Int32] = []
    private var ids: [Int32] = []
    /// The rank of a part and the next together; `RankTable.none` also where there is no part any more.
    private var pairRanks: [Int32] = []

    private struct Entry {
        let place: Int32
        let next: Int32
    }

    /// The lists of pairs; some are out of date when their turn comes.
    private var entries: [Entry] = []
    /// The last entry by rank, -1 where there is none.
    private var heads: [Int32]
    private var pendingRanks = MinHeap<Int32>()
    /// Pairs of no higher rank than the list worked off: rank, then place.
    private var urgent = MinHeap<UInt64>()

    init(_ ranks: RankTable) {
        self.ranks = ranks
        heads = Array(repeating: -1, count: ranks.count)
    }

    /// Appends the tokens of a piece of at most `Int32.max` bytes.
    mutating func append(_ piece: UnsafeBufferPointer<UInt8>, to result: inout [Int32]) {
        guard let start = piece.baseAddress else { return }
        begin(piece)
        var places: [Int32] = []
        while let rank = pendingRanks.pop() {
            takePlaces(of: rank, into: &places)
            for place in places where pairRanks[Int(place)] == rank {
                merge(Int(place), start, upTo: rank)
                while let pair = urgent.pop() {
                    let place = Int(UInt32(truncatingIfNeeded: pair))
                    if pairRanks[place] == Int32(pair >> 32) { merge(place, start, upTo: rank) }
                }
            }
        }
        var place = 0
        while place < piece.count {
            result.append(ids[place])
            place = Int(next[place])
        }
    }

    private mutating func begin(_ piece: UnsafeBufferPointer<UInt8>) {
        let count = piece.count
        previous = Array(-1..<Int32(count - 1))
        next = Array(1...Int32(count))
        ids = piece.map { ranks.rank(of: $0) }
        pairRanks = [Int32](repeating: RankTable.none, count: count)
        entries.removeAll(keepingCapacity: true)
        entries.reserveCapacity(2 * count)
        for place in 0..<(count - 1) {
            let rank = ranks.rank(of: piece[place], piece[place + 1])
            pairRanks[place] = rank
            if rank != RankTable.none { enlist(place, rank: rank) }
        }
        lookUpCount += count
    }

    private mutating func enlist(_ place: Int, rank: Int32) {
        let head = heads[Int(rank)]
        if head < 0 { pendingRanks.push(rank) }
        heads[Int(rank)] = Int32(entries.count)
        entries.append(Entry(place: Int32(place), next: head))
    }

    /// Empties the list of a rank; the places come in order.
    private mutating func takePlaces(of rank: Int32, into places: inout [Int32]) {
        places.removeAll(keepingCapacity: true)
        var entry = heads[Int(rank)]
        heads[Int(rank)] = -1
        var isOrdered = true
        while entry >= 0 {
            let place = entries[Int(entry)].place
            if let last = places.last, last < place { isOrdered = false }
            places.append(place)
            entry = entries[Int(entry)].next
        }
        places.reverse()
        if !isOrdered { places.sort() }
    }

    /// Makes one part of the part at `place` and the next, and finds the ranks of its new pairs.
    private mutating func merge(_ place: Int, _ start: UnsafePointer<UInt8>, upTo current: Int32) {
        let gone = Int(next[place])
        ids[place] = pairRanks[place]
        next[place] = next[gone]
        pairRanks[gone] = RankTable.none
        if Int(next[place]) < next.count { previous[Int(next[place])] = Int32(place) }
        updatePair(at: place, start, upTo: current)
        if previous[place] >= 0 { updatePair(at: Int(previous[place]), start, upTo: current) }
    }

    private mutating func updatePair(at place: Int, _ start: UnsafePointer<UInt8>, upTo current: Int32) {
        let second = Int(next[place])
        guard second < next.count else {
            pairRanks[place] = RankTable.none
            return
        }
        let rank = ranks.rank(of: start + place, count: Int(next[second]) - place)
        lookUpCount += 1
        pairRanks[place] = rank
        if rank <= current {
            urgent.push(UInt64(rank) << 32 | UInt64(place))
        } else if rank != RankTable.none {
            enlist(place, rank: rank)
        }
    }
}
