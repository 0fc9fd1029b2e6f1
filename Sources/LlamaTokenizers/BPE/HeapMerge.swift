/// The merges of many symbols, the pairs in a heap by rank and place: near-linear at any length.
struct HeapMerge {
    private var nodes: [Node] = []
    /// Rank, then place; some are out of date when their turn comes.
    private var heap = MinHeap<UInt64>()

    private struct Node {
        var id: Int32
        /// What comes of this symbol and the next; the rank is `MergeTable.none` also where the symbol is gone.
        var merge: MergeTable.Merge
        /// The neighbours; -1 before the first, the number of symbols after the last.
        var previous: Int32
        var next: Int32
    }

    /// Appends what becomes of fewer than 2^31 symbols.
    mutating func append(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup, to ids: inout [Int32]
    ) {
        nodes.removeAll(keepingCapacity: true)
        let none = MergeTable.Merge(rank: MergeTable.none, merged: -1)
        for (place, id) in symbols.enumerated() {
            let place = Int32(place)
            nodes.append(Node(id: id, merge: none, previous: place - 1, next: place + 1))
        }
        for place in nodes.indices { updatePair(at: place, merges) }
        while let pair = heap.pop() {
            let place = Int(UInt32(truncatingIfNeeded: pair))
            if nodes[place].merge.rank == Int32(truncatingIfNeeded: pair >> 32) { merge(place, merges) }
        }
        var place = 0
        while place < nodes.count {
            ids.append(nodes[place].id)
            place = Int(nodes[place].next)
        }
    }

    private mutating func merge(_ place: Int, _ merges: MergeTable.Lookup) {
        let gone = Int(nodes[place].next)
        let next = nodes[gone].next
        nodes[gone].merge.rank = MergeTable.none
        nodes[place].id = nodes[place].merge.merged
        nodes[place].next = next
        if Int(next) < nodes.count { nodes[Int(next)].previous = Int32(place) }
        updatePair(at: place, merges)
        let previous = Int(nodes[place].previous)
        if previous >= 0 { updatePair(at: previous, merges) }
    }

    private mutating func updatePair(at place: Int, _ merges: MergeTable.Lookup) {
        let second = Int(nodes[place].next)
        guard second < nodes.count else {
            nodes[place].merge.rank = MergeTable.none
            return
        }
        let merge = merges.merge(nodes[place].id, nodes[second].id)
        nodes[place].merge = merge
        if merge.rank != MergeTable.none {
            heap.push(UInt64(UInt32(bitPattern: merge.rank)) << 32 | UInt64(place))
        }
    }
}
