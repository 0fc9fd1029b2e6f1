/// What a pair of neighbouring symbols merges into, and how early: the merges of a BPE vocabulary.
///
/// Symbols are token ids, from 0. An open-addressing table of integers, at most half full, whose hash is by
/// chance, so that no file can be written whose pairs collide.
struct MergeTable: Sendable {
    /// The rank of a pair that does not merge; greater than any other.
    static let none = Int32.max

    /// What comes of a pair.
    struct Merge: Hashable, Sendable {
        /// The lower, the earlier; `MergeTable.none` where the pair does not merge.
        var rank: Int32
        /// The symbol that takes the pair's place.
        var merged: Int32
    }

    struct Slot: Sendable {
        /// The pair, left in the upper half; all ones where there is none.
        var pair = UInt64.max
        var merge = Merge(rank: MergeTable.none, merged: -1)
    }

    /// The number of pairs.
    private(set) var count = 0
    private var slots: [Slot]
    private let hash = PairHash()

    /// - Parameter minimumCapacity: the number of pairs that fit without growth.
    init(minimumCapacity: Int = 0) {
        var capacity = 16
        while capacity / 2 < minimumCapacity { capacity *= 2 }
        slots = [Slot](repeating: Slot(), count: capacity)
    }

    /// Adds a pair, or gives one that is there another rank and symbol.
    mutating func insert(left: Int32, right: Int32, rank: Int32, merged: Int32) {
        if count >= slots.count / 2 { grow() }
        let pair = PairHash.pair(left, right)
        let place = withLookup { $0.place(of: pair) }
        if slots[place].pair != pair { count += 1 }
        slots[place] = Slot(pair: pair, merge: Merge(rank: rank, merged: merged))
    }

    /// What comes of a pair; its rank is `none` where the pair does not merge.
    func merge(_ left: Int32, _ right: Int32) -> Merge {
        withLookup { $0.merge(left, right) }
    }

    /// Lends the table to a loop that looks up many pairs.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        slots.withUnsafeBufferPointer { body(Lookup(slots: $0, hash: hash)) }
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: 2 * old.count)
        for slot in old where slot.pair != UInt64.max {
            let place = withLookup { $0.place(of: slot.pair) }
            slots[place] = slot
        }
    }

    /// The table without ownership.
    struct Lookup {
        /// A power of two.
        fileprivate let slots: UnsafeBufferPointer<Slot>
        fileprivate let hash: PairHash

        /// What comes of a pair; its rank is `none` where the pair does not merge.
        @inline(__always)
        func merge(_ left: Int32, _ right: Int32) -> Merge {
            slots[place(of: PairHash.pair(left, right))].merge
        }

        /// Where a pair is, or the free slot where it would be.
        @inline(__always)
        fileprivate func place(of pair: UInt64) -> Int {
            let mask = slots.count - 1
            var place = hash(pair) & mask
            while slots[place].pair != pair, slots[place].pair != UInt64.max { place = (place + 1) & mask }
            return place
        }
    }
}

/// A hash of two ids with a key of its own.
struct PairHash: Sendable {
    private let seed = UInt64.random(in: 0...UInt64.max)
    private let factor = UInt64.random(in: 0...UInt64.max) | 1

    @inline(__always)
    static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    func callAsFunction(_ pair: UInt64) -> Int {
        let product = (pair ^ seed).multipliedFullWidth(by: factor)
        return Int(truncatingIfNeeded: product.high ^ product.low)
    }
}
