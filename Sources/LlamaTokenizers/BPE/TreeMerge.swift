/// Merges long words: a tree over the ranks finds the next pair, so the time is near-linear at any length.
struct TreeMerge {
    private var ranks = RankTree()
    private var symbols: [Symbol] = []

    /// A symbol at the position where it starts.
    private struct Symbol {
        var id: Int32
        /// The number of positions that the symbol covers. It is also stored at the last of them, so that both
        /// neighbors of a symbol are found without links.
        var length: Int32
    }

    /// Appends the tokens of fewer than 2^31 symbols.
    mutating func append(
        _ ids: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup, to tokens: inout [Int32]
    ) {
        symbols.removeAll(keepingCapacity: true)
        for id in ids { symbols.append(Symbol(id: id, length: 1)) }
        symbols.withUnsafeMutableBufferPointer { symbols in
            ranks.withLevels(count: ids.count) { ranks in
                guard let start = symbols.baseAddress else { return }
                Word(symbols: start, count: ids.count, ranks: ranks, merges: merges).merge()
            }
        }
        var position = 0
        while position < ids.count {
            tokens.append(symbols[position].id)
            position += Int(symbols[position].length)
        }
    }

    private struct Word {
        let symbols: UnsafeMutablePointer<Symbol>
        let count: Int
        let ranks: RankTree.Levels
        let merges: MergeTable.Lookup

        func merge() {
            for position in 0..<max(0, count - 1) {
                ranks[position] = merges.merge(symbols[position].id, symbols[position + 1].id).rank
            }
            ranks.updateAll()
            while ranks.lowest != MergeTable.none {
                let rank = ranks.lowest
                var group: Int? = ranks.firstGroup(of: rank)
                while let first = group { group = mergePairs(of: rank, inGroup: first) }
            }
        }

        /// Merges the pairs of a rank in a group of positions, from the left.
        ///
        /// - Parameter rank: the lowest of all.
        /// - Parameter group: the leftmost that holds it.
        /// - Returns: the leftmost group that holds the rank now; nil if that, or the lowest rank, must be found anew.
        @inline(__always)
        private func mergePairs(of rank: Int32, inGroup group: Int) -> Int? {
            let start = RankTree.Levels.start(of: group)
            var positions = ranks.positions(of: rank, inGroup: group)
            var created = MergeTable.none
            while positions != 0, created > rank {
                let position = start + positions.trailingZeroBitCount
                let second = position + Int(symbols[position].length)
                positions &= positions - 1
                // Shifts by 32 and more give 0: the second symbol is in another group.
                positions &= ~(1 << UInt32(truncatingIfNeeded: second - start))
                created = mergePair(position, second, group)
            }
            let next = ranks.updateGroup(group, thatHeld: rank)
            return created > rank ? next : nil
        }

        /// Returns the lower rank of the two pairs that the merged symbol takes part in.
        @inline(__always)
        private func mergePair(_ position: Int, _ second: Int, _ group: Int) -> Int32 {
            let end = second + Int(symbols[second].length)
            symbols[position].id = merges.merge(symbols[position].id, symbols[second].id).merged
            symbols[position].length = Int32(truncatingIfNeeded: end - position)
            symbols[end - 1].length = Int32(truncatingIfNeeded: end - position)
            setRank(at: second, to: MergeTable.none, group)
            let rank = end < count ? self.rank(position, end) : MergeTable.none
            ranks[position] = rank
            if position == 0 { return rank }
            let previous = position - Int(symbols[position - 1].length)
            let previousRank = self.rank(previous, position)
            setRank(at: previous, to: previousRank, group)
            return min(rank, previousRank)
        }

        /// Leaves the minima above `group`, which is updated at its end.
        @inline(__always)
        private func setRank(at position: Int, to rank: Int32, _ group: Int) {
            if RankTree.Levels.group(of: position) == group {
                ranks[position] = rank
            } else {
                ranks.update(position, to: rank)
            }
        }

        @inline(__always)
        private func rank(_ left: Int, _ right: Int) -> Int32 {
            merges.merge(symbols[left].id, symbols[right].id).rank
        }
    }
}
