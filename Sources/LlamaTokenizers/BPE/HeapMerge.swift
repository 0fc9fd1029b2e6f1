/// Merges long words: the pairs are in a heap by rank and position, so the time is near-linear at any length.
struct HeapMerge {
    private var nodes: [Node] = []
    /// The rank in the upper half, the position in the lower. Entries that a merge has made stale are skipped.
    private var heap = MinHeap<UInt64>()

    /// A symbol in a doubly linked list.
    private struct Node {
        var id: Int32
        /// What this symbol and the next merge into; the rank is `MergeTable.none` for a symbol that has merged into
        /// the one before.
        var merge: MergeTable.Merge
        /// The neighbors' indices; -1 before the first, the number of symbols after the last.
        var previous: Int32
        var next: Int32
    }

    /// Appends the tokens of fewer than 2^31 symbols.
    mutating func append(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup, to ids: inout [Int32]
    ) {
        link(symbols)
        for index in nodes.indices { updatePair(at: index, merges) }
        while let entry = heap.pop() {
            let index = Int(UInt32(truncatingIfNeeded: entry))
            if nodes[index].merge.rank == Int32(truncatingIfNeeded: entry >> 32) { merge(index, merges) }
        }
        var index = 0
        while index < nodes.count {
            ids.append(nodes[index].id)
            index = Int(nodes[index].next)
        }
    }

    private mutating func link(_ symbols: UnsafeBufferPointer<Int32>) {
        nodes.removeAll(keepingCapacity: true)
        let none = MergeTable.Merge(rank: MergeTable.none, merged: -1)
        for (index, id) in symbols.enumerated() {
            let index = Int32(index)
            nodes.append(Node(id: id, merge: none, previous: index - 1, next: index + 1))
        }
    }

    private mutating func merge(_ index: Int, _ merges: MergeTable.Lookup) {
        let removed = Int(nodes[index].next)
        let next = nodes[removed].next
        nodes[removed].merge.rank = MergeTable.none
        nodes[index].id = nodes[index].merge.merged
        nodes[index].next = next
        if Int(next) < nodes.count { nodes[Int(next)].previous = Int32(index) }
        updatePair(at: index, merges)
        let previous = Int(nodes[index].previous)
        if previous >= 0 { updatePair(at: previous, merges) }
    }

    private mutating func updatePair(at index: Int, _ merges: MergeTable.Lookup) {
        let second = Int(nodes[index].next)
        guard second < nodes.count else {
            nodes[index].merge.rank = MergeTable.none
            return
        }
        let merge = merges.merge(nodes[index].id, nodes[second].id)
        nodes[index].merge = merge
        if merge.rank != MergeTable.none {
            heap.push(UInt64(UInt32(bitPattern: merge.rank)) << 32 | UInt64(index))
        }
    }
}
