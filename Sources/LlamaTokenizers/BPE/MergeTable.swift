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
        /// The pair, left in the upper half.
        var pair: UInt64 = 0
        var merge = Merge(rank: MergeTable.none, merged: -1)
    }

    /// The number of pairs.
    private(set) var count = 0
    private var slots: [Slot]
    /// A byte of the hash for each slot, 0 where it is free: most pairs of a text do not merge, and these are
    /// small enough for the cache to tell so.
    private var tags: [UInt8]
    /// The merges of the pairs of ids below 256, by these: most often bytes, which every text begins with.
    private var lowPairs = [Merge](repeating: Merge(rank: none, merged: -1), count: 1 << 16)
    private let hash = PairHash()

    /// - Parameter minimumCapacity: the number of pairs that fit without growth.
    init(minimumCapacity: Int = 0) {
        var capacity = 16
        while capacity / 2 < minimumCapacity { capacity *= 2 }
        slots = [Slot](repeating: Slot(), count: capacity)
        tags = [UInt8](repeating: 0, count: capacity)
    }

    /// Adds a pair, or gives one that is there another rank and symbol.
    mutating func insert(left: Int32, right: Int32, rank: Int32, merged: Int32) {
        if count >= slots.count / 2 { grow() }
        let pair = PairHash.pair(left, right)
        let hash = hash(pair)
        let place = withLookup { $0.place(of: pair, hash) }
        if tags[place] == 0 { count += 1 }
        tags[place] = hash.tag
        slots[place] = Slot(pair: pair, merge: Merge(rank: rank, merged: merged))
        if let low = Lookup.lowPlace(left, right) { lowPairs[low] = slots[place].merge }
    }

    /// What comes of a pair; its rank is `none` where the pair does not merge.
    func merge(_ left: Int32, _ right: Int32) -> Merge {
        withLookup { $0.merge(left, right) }
    }

    /// Lends the table to a loop that looks up many pairs.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        slots.withUnsafeBufferPointer { slots in
            lowPairs.withUnsafeBufferPointer { lowPairs in
                tags.withUnsafeBufferPointer { tags in
                    body(Lookup(slots: slots, tags: tags, lowPairs: lowPairs, hash: hash))
                }
            }
        }
    }

    private mutating func grow() {
        let old = self
        slots = [Slot](repeating: Slot(), count: 2 * old.slots.count)
        tags = [UInt8](repeating: 0, count: 2 * old.slots.count)
        for (slot, tag) in zip(old.slots, old.tags) where tag != 0 {
            let hash = hash(slot.pair)
            let place = withLookup { $0.place(of: slot.pair, hash) }
            (slots[place], tags[place]) = (slot, hash.tag)
        }
    }

    /// The table without ownership.
    struct Lookup {
        /// A power of two.
        fileprivate let slots: UnsafeBufferPointer<Slot>
        fileprivate let tags: UnsafeBufferPointer<UInt8>
        fileprivate let lowPairs: UnsafeBufferPointer<Merge>
        fileprivate let hash: PairHash

        @inline(__always)
        fileprivate static func lowPlace(_ left: Int32, _ right: Int32) -> Int? {
            UInt32(bitPattern: left | right) < 256 ? Int(left) << 8 | Int(right) : nil
        }

        /// What comes of a pair; its rank is `none` where the pair does not merge.
        @inline(__always)
        func merge(_ left: Int32, _ right: Int32) -> Merge {
            if let low = Self.lowPlace(left, right) { return lowPairs[low] }
            let pair = PairHash.pair(left, right)
            let place = place(of: pair, hash(pair))
            return tags[place] == 0 ? Merge(rank: none, merged: -1) : slots[place].merge
        }

        /// Where a pair is, or the free slot where it would be.
        @inline(__always)
        fileprivate func place(of pair: UInt64, _ hash: PairHash.Value) -> Int {
            let mask = slots.count - 1
            var place = hash.place & mask
            while tags[place] != 0 {
                if tags[place] == hash.tag, slots[place].pair == pair { break }
                place = (place + 1) & mask
            }
            return place
        }
    }
}

/// A hash of two ids with a key of its own.
struct PairHash: Sendable {
    private let seed = UInt64.random(in: 0...UInt64.max)
    private let factor = UInt64.random(in: 0...UInt64.max) | 1

    /// A hash in two parts.
    struct Value {
        /// Where to look, modulo the size of a table.
        let place: Int
        /// From 128 to 255.
        let tag: UInt8
    }

    @inline(__always)
    static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    func callAsFunction(_ pair: UInt64) -> Value {
        let product = (pair ^ seed).multipliedFullWidth(by: factor)
        let hash = product.high ^ product.low
        return Value(place: Int(hash & 0xFFFF_FFFF_FFFF), tag: UInt8(hash >> 56) | 0x80)
    }
}
