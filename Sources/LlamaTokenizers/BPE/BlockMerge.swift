/// The merges of a few symbols: the lowest rank is searched for, first among blocks, then in its block.
///
/// That is less work than keeping an order, as long as all of it stays in the nearest cache.
struct BlockMerge {
    /// The number of symbols that it takes.
    static let capacity = 1024
    /// Ranks that have their minimum kept: four vectors of the smallest machine.
    private static let blockSize = 16

    /// The numbers of `Work`, one array after the other.
    private var storage = [Int32](repeating: 0, count: 6 * capacity + capacity / blockSize)

    /// Merges at most `capacity` symbols and lends what is left.
    @inline(__always)
    mutating func merge<Result>(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup, _ body: (Tokens) -> Result
    ) -> Result {
        storage.withUnsafeMutableBufferPointer { storage in
            let work = Work(storage, count: symbols.count, merges)
            work.begin(symbols)
            work.mergeAll()
            return body(work.collect())
        }
    }

    /// The tokens that are left.
    struct Tokens {
        let ids: UnsafeMutableBufferPointer<Int32>
        /// The first symbol of each.
        let starts: UnsafeMutableBufferPointer<Int32>
        fileprivate let symbolCount: Int

        /// The number of a token's symbols.
        func length(of token: Int) -> Int {
            (token + 1 < ids.count ? Int(starts[token + 1]) : symbolCount) - Int(starts[token])
        }
    }

    /// The arrays without ownership.
    private struct Work {
        let count: Int
        let merges: MergeTable.Lookup
        let ids: UnsafeMutableBufferPointer<Int32>
        /// What becomes of each symbol and the next; the rank also is `none` where the symbol is gone.
        let ranks: UnsafeMutableBufferPointer<Int32>
        let merged: UnsafeMutableBufferPointer<Int32>
        /// The neighbours; -1 before the first symbol, the number of symbols after the last.
        let previous: UnsafeMutableBufferPointer<Int32>
        let next: UnsafeMutableBufferPointer<Int32>
        /// The place of each token once they are collected.
        let starts: UnsafeMutableBufferPointer<Int32>
        /// The lowest rank of each block; as many as make blocks themselves.
        let minima: UnsafeMutableBufferPointer<Int32>

        @inline(__always)
        init(_ storage: UnsafeMutableBufferPointer<Int32>, count: Int, _ merges: MergeTable.Lookup) {
            self.count = count
            self.merges = merges
            func part(_ index: Int, count: Int = capacity) -> UnsafeMutableBufferPointer<Int32> {
                UnsafeMutableBufferPointer(rebasing: storage[index * capacity..<index * capacity + count])
            }
            (ids, ranks, merged) = (part(0), part(1), part(2))
            (previous, next, starts) = (part(3), part(4), part(5))
            minima = part(6, count: capacity / blockSize)
        }

        /// The number of minima in use: whole blocks.
        private var minimaCount: Int { Self.wholeBlocks(Self.wholeBlocks(count) / blockSize) }

        private static func wholeBlocks(_ count: Int) -> Int { (count + blockSize - 1) & ~(blockSize - 1) }

        func begin(_ symbols: UnsafeBufferPointer<Int32>) {
            for place in 0..<count {
                ids[place] = symbols[place]
                previous[place] = Int32(truncatingIfNeeded: place - 1)
                next[place] = Int32(truncatingIfNeeded: place + 1)
            }
            for place in 0..<max(0, count - 1) {
                let merge = merges.merge(ids[place], ids[place + 1])
                ranks[place] = merge.rank
                merged[place] = merge.merged
            }
            for place in max(0, count - 1)..<Self.wholeBlocks(count) { ranks[place] = MergeTable.none }
            for block in 0..<minimaCount {
                minima[block] = block * blockSize < count ? minimum(at: block) : MergeTable.none
            }
        }

        func mergeAll() {
            while true {
                var lowest = MergeTable.none
                for block in 0..<minimaCount { lowest = min(lowest, minima[block]) }
                if lowest == MergeTable.none { return }
                var first = 0
                while minima[first] != lowest { first += 1 }
                mergeRun(at: place(of: lowest, inBlock: first), rank: lowest)
            }
        }

        /// Merges the pair at `place`, the lowest and leftmost, and those that follow it without a gap and have
        /// its rank, as long as none of a rank that low has come up.
        @inline(__always)
        private func mergeRun(at place: Int, rank: Int32) {
            let firstBlock = max(0, Int(previous[place])) / blockSize
            var place = place
            var gone = place
            var isNext = true
            while isNext {
                gone = Int(next[place])
                isNext = mergePair(at: place, rank: rank)
                if isNext { place = Int(next[place]) }
            }
            for block in firstBlock...gone / blockSize { minima[block] = minimum(at: block) }
        }

        /// Makes one symbol of the one at `place` and the next; returns whether the pair after it is due.
        @inline(__always)
        private func mergePair(at place: Int, rank: Int32) -> Bool {
            let gone = Int(next[place])
            let after = Int(next[gone])
            let before = Int(previous[place])
            ids[place] = merged[place]
            next[place] = next[gone]
            ranks[gone] = MergeTable.none
            ranks[place] = MergeTable.none
            if after < count {
                previous[after] = Int32(truncatingIfNeeded: place)
                updatePair(at: place, after)
            }
            if before >= 0 {
                updatePair(at: before, place)
                if ranks[before] <= rank { return false }
            }
            return after < count && ranks[place] > rank && ranks[after] == rank
        }

        @inline(__always)
        private func updatePair(at place: Int, _ next: Int) {
            let merge = merges.merge(ids[place], ids[next])
            ranks[place] = merge.rank
            merged[place] = merge.merged
        }

        @inline(__always)
        private func minimum(at block: Int) -> Int32 {
            let first = block * blockSize
            var lowest = ranks[first]
            for index in 1..<blockSize { lowest = min(lowest, ranks[first + index]) }
            return lowest
        }

        /// The first place of a rank that a block has, without a branch.
        @inline(__always)
        private func place(of rank: Int32, inBlock block: Int) -> Int {
            var first = Int32(blockSize - 1)
            for index in 0..<Int32(blockSize) {
                first = min(first, ranks[block * blockSize + Int(index)] == rank ? index : Int32(blockSize))
            }
            return block * blockSize + Int(first)
        }

        /// Moves what is left to the front.
        func collect() -> Tokens {
            var left = 0
            var place = 0
            while place < count {
                ids[left] = ids[place]
                starts[left] = Int32(truncatingIfNeeded: place)
                left += 1
                place = Int(next[place])
            }
            return Tokens(
                ids: UnsafeMutableBufferPointer(rebasing: ids[..<left]), starts: starts, symbolCount: count)
        }
    }
}
