/// The ranks of a word's pairs by position, and a 16-ary tournament tree that finds the leftmost of the lowest.
///
/// Level 0 holds a rank per position, `MergeTable.none` where no pair starts; an entry of each higher level is the minimum
/// of 16 entries of the level below, up to a level with a single entry. Sixteen ranks are a cache line, and their minimum
/// is a few vector instructions; 2^20 positions have five levels above them.
struct RankTree {
    private static let arity = 1 << arityBits
    private static let arityBits = 4

    /// All levels, each padded with `MergeTable.none` to a multiple of 16. Reused from word to word.
    private var storage: [Int32] = []
    /// The index in `storage` of the first entry of each level.
    private var starts: [Int] = []

    /// Calls `body` with a tree of which only level 0 is initialized: `none` at all of `count` positions.
    @inline(__always)
    mutating func withLevels(count: Int, _ body: (Levels) -> Void) {
        var size = 0
        var entries = count
        starts.removeAll(keepingCapacity: true)
        while true {
            starts.append(size)
            let groups = max(1, (entries + Self.arity - 1) / Self.arity)
            size += groups * Self.arity
            if entries <= 1 { break }
            entries = groups
        }
        storage.removeAll(keepingCapacity: true)
        storage.append(contentsOf: repeatElement(MergeTable.none, count: size))
        storage.withUnsafeMutableBufferPointer { storage in
            starts.withUnsafeBufferPointer { starts in
                guard let entries = storage.baseAddress else { return }
                body(Levels(entries: entries, starts: starts))
            }
        }
    }

    /// The tree's buffers, without bounds checks and reference counting.
    struct Levels {
        fileprivate let entries: UnsafeMutablePointer<Int32>
        fileprivate let starts: UnsafeBufferPointer<Int>

        /// The rank of the pair that starts at a position. The levels above keep their old minima.
        @inline(__always)
        subscript(position: Int) -> Int32 {
            get { entries[position] }
            nonmutating set { entries[position] = newValue }
        }

        /// The group of 16 positions that a position belongs to.
        @inline(__always)
        static func group(of position: Int) -> Int { position >> arityBits }

        /// The leftmost position of a group.
        @inline(__always)
        static func start(of group: Int) -> Int { group << arityBits }

        /// The lowest rank of all positions; `MergeTable.none` if no pair merges.
        @inline(__always)
        var lowest: Int32 { entries[starts[starts.count - 1]] }

        /// A bit for each position of a group that has a rank; bit 0 for the leftmost.
        @inline(__always)
        func positions(of rank: Int32, inGroup group: Int) -> UInt32 {
            mask(rank, entries + group << arityBits)
        }

        /// The leftmost group of positions that holds a rank, which must be the lowest of all.
        @inline(__always)
        func firstGroup(of lowest: Int32) -> Int { firstGroup(of: lowest, level: starts.count - 1, 0) }

        /// The leftmost group of positions that holds a rank, below an entry that equals it.
        @inline(__always)
        private func firstGroup(of rank: Int32, level: Int, _ index: Int) -> Int {
            var index = index
            for level in stride(from: level - 1, to: 0, by: -1) {
                let start = index << arityBits
                index = start + mask(rank, entries + starts[level] + start).trailingZeroBitCount
            }
            return index
        }

        /// Computes all levels above level 0.
        func updateAll() {
            for level in starts.indices.dropFirst() {
                let below = entries + starts[level - 1]
                for index in 0..<((starts[level] - starts[level - 1]) >> arityBits) {
                    entries[starts[level] + index] = minimum(below + index << arityBits)
                }
            }
        }

        /// Changes the rank of a position, and the minima above it that depend on it.
        @inline(__always)
        func update(_ position: Int, to rank: Int32) {
            var (index, old, new) = (position, entries[position], rank)
            entries[position] = rank
            for level in 1..<starts.count {
                index >>= arityBits
                let entry = entries + starts[level] + index
                let lowest = entry.pointee
                // The other 15 entries matter only if the minimum itself was raised.
                if new > lowest {
                    if old > lowest { return }
                    new = minimum(entries + starts[level - 1] + index << arityBits)
                }
                if new == lowest { return }
                entry.pointee = new
                old = lowest
            }
        }

        /// Computes the minima above a group of positions, up to the first that does not change.
        ///
        /// - Returns: the leftmost group below that minimum that holds `rank`, the minimum before the change; nil if all
        ///   minima have changed.
        @inline(__always)
        func updateGroup(_ group: Int, thatHeld rank: Int32) -> Int? {
            var index = group
            for level in 1..<starts.count {
                let lowest = minimum(entries + starts[level - 1] + index << arityBits)
                if lowest == rank { return firstGroup(of: rank, level: level, index) }
                entries[starts[level] + index] = lowest
                index >>= arityBits
            }
            return nil
        }

        @inline(__always)
        private func minimum(_ group: UnsafePointer<Int32>) -> Int32 {
            let lowest = pointwiseMin(
                pointwiseMin(quarter(0, group), quarter(1, group)),
                pointwiseMin(quarter(2, group), quarter(3, group)))
            return min(min(lowest[0], lowest[1]), min(lowest[2], lowest[3]))
        }

        /// A bit for each entry of a group that equals `rank`.
        @inline(__always)
        private func mask(_ rank: Int32, _ group: UnsafePointer<Int32>) -> UInt32 {
            let bits =
                equal(rank, quarter(0, group), SIMD4(1, 1 << 1, 1 << 2, 1 << 3))
                | equal(rank, quarter(1, group), SIMD4(1 << 4, 1 << 5, 1 << 6, 1 << 7))
                | equal(rank, quarter(2, group), SIMD4(1 << 8, 1 << 9, 1 << 10, 1 << 11))
                | equal(rank, quarter(3, group), SIMD4(1 << 12, 1 << 13, 1 << 14, 1 << 15))
            return UInt32(bitPattern: bits[0] | bits[1] | bits[2] | bits[3])
        }

        /// The elements of `bits` where the entries equal `rank`, 0 elsewhere.
        @inline(__always)
        private func equal(_ rank: Int32, _ entries: SIMD4<Int32>, _ bits: SIMD4<Int32>) -> SIMD4<Int32> {
            unsafeBitCast(entries .== SIMD4(repeating: rank), to: SIMD4<Int32>.self) & bits
        }

        /// Four of a group's 16 entries. The compiler does not vectorize loops over so few.
        @inline(__always)
        private func quarter(_ index: Int, _ group: UnsafePointer<Int32>) -> SIMD4<Int32> {
            UnsafeRawPointer(group + 4 * index).loadUnaligned(as: SIMD4<Int32>.self)
        }
    }
}
