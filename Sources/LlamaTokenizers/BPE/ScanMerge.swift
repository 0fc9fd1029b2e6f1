/// Merges a short word: each step scans all ranks for the lowest, merges that pair and closes the gap.
///
/// The cost grows with the square of the length, but the scan and the moves are vectorized, and a word's symbols
/// and ranks fit a few cache lines.
struct ScanMerge {
    /// The longest word, in symbols: beyond 64 or so the tree is as fast.
    static let capacity = 64

    /// Ids, then the ranks of the pairs, then what they merge into.
    private var storage = [Int32](repeating: 0, count: 3 * capacity)

    /// Passes the tokens of at most `capacity` symbols to `body`.
    @inline(__always)
    mutating func merge<Result>(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup,
        _ body: (UnsafeBufferPointer<Int32>) -> Result
    ) -> Result {
        storage.withUnsafeMutableBufferPointer { storage in
            guard let start = storage.baseAddress else { return body(UnsafeBufferPointer(storage)) }
            let word = Word(
                ids: start, ranks: start + Self.capacity, merged: start + 2 * Self.capacity, merges: merges)
            let count = word.merge(symbols)
            return body(UnsafeBufferPointer(start: start, count: count))
        }
    }

    /// The symbols of the word; pair `i` is symbols `i` and `i + 1`.
    private struct Word {
        let ids: UnsafeMutablePointer<Int32>
        let ranks: UnsafeMutablePointer<Int32>
        let merged: UnsafeMutablePointer<Int32>
        let merges: MergeTable.Lookup

        /// Returns the number of tokens that are left at the front of `ids`.
        @inline(__always)
        func merge(_ symbols: UnsafeBufferPointer<Int32>) -> Int {
            var count = symbols.count
            for index in 0..<count { ids[index] = symbols[index] }
            for index in 0..<max(0, count - 1) { updatePair(index) }
            while count > 1 {
                var lowest = MergeTable.none
                for index in 0..<(count - 1) { lowest = min(lowest, ranks[index]) }
                if lowest == MergeTable.none { break }
                var index = 0
                while ranks[index] != lowest { index += 1 }
                count -= 1
                mergePair(index, count: count)
            }
            return count
        }

        /// - Parameter count: the number of symbols afterwards.
        @inline(__always)
        private func mergePair(_ index: Int, count: Int) {
            ids[index] = merged[index]
            if index + 1 < count {
                // One loop, because three calls of memmove cost more than the few elements that they move. The last
                // pair that is moved does not exist, and is not read.
                for next in (index + 1)..<count {
                    ids[next] = ids[next + 1]
                    ranks[next] = ranks[next + 1]
                    merged[next] = merged[next + 1]
                }
                updatePair(index)
            }
            if index > 0 { updatePair(index - 1) }
        }

        @inline(__always)
        private func updatePair(_ index: Int) {
            let merge = merges.merge(ids[index], ids[index + 1])
            ranks[index] = merge.rank
            merged[index] = merge.merged
        }
    }
}
