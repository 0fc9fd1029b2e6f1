/// The merges of a BPE vocabulary: what a pair of neighboring symbols merges into, and with which rank.
///
/// Symbols are token ids, from 0. An open-addressing hash table, at most half full, with a random hash function, so that
/// no file can be crafted whose pairs collide.
struct MergeTable: Sendable {
    /// The rank of a pair that does not merge; greater than any other.
    static let none = Int32.max

    /// The merge of a pair.
    struct Merge: Hashable, Sendable {
        /// The lower, the earlier; `MergeTable.none` if the pair does not merge.
        var rank: Int32
        /// The symbol that replaces the pair.
        var merged: Int32
    }

    struct Slot: Sendable {
        /// The left symbol in the upper half, the right one in the lower.
        var pair: UInt64 = 0
        var merge = Merge(rank: MergeTable.none, merged: -1)
    }

    /// The number of pairs.
    private(set) var count = 0
    private var slots: [Slot]
    /// A byte of the hash for each slot, 0 for a free one. Most pairs of a text do not merge, and the tags, which fit the
    /// cache, are enough to find that out.
    private var tags: [UInt8]
    /// The merges of pairs of ids below 256, indexed by both: mostly bytes, with which merging starts.
    private var lowPairs = [Merge](repeating: Merge(rank: none, merged: -1), count: 1 << 16)
    private let hash = PairHash()

    /// - Parameter minimumCapacity: the number of pairs to reserve capacity for.
    init(minimumCapacity: Int = 0) {
        var capacity = 16
        while capacity / 2 < minimumCapacity { capacity *= 2 }
        slots = [Slot](repeating: Slot(), count: capacity)
        tags = [UInt8](repeating: 0, count: capacity)
    }

    /// Adds a pair, or replaces its merge.
    mutating func insert(left: Int32, right: Int32, rank: Int32, merged: Int32) {
        if count >= slots.count / 2 { grow() }
        let pair = PairHash.pair(left, right)
        let hash = hash(pair)
        let index = withLookup { $0.index(of: pair, hash) }
        if tags[index] == 0 { count += 1 }
        tags[index] = hash.tag
        slots[index] = Slot(pair: pair, merge: Merge(rank: rank, merged: merged))
        if let low = Lookup.lowIndex(left, right) { lowPairs[low] = slots[index].merge }
    }

    /// The merge of a pair; its rank is `none` if the pair does not merge.
    func merge(_ left: Int32, _ right: Int32) -> Merge {
        withLookup { $0.merge(left, right) }
    }

    /// Calls a loop that looks up many pairs with the table's buffers.
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
            let index = withLookup { $0.index(of: slot.pair, hash) }
            (slots[index], tags[index]) = (slot, hash.tag)
        }
    }

    /// The table's buffers, without reference counting.
    struct Lookup {
        /// Their number is a power of two.
        fileprivate let slots: UnsafeBufferPointer<Slot>
        fileprivate let tags: UnsafeBufferPointer<UInt8>
        fileprivate let lowPairs: UnsafeBufferPointer<Merge>
        fileprivate let hash: PairHash

        @inline(__always)
        fileprivate static func lowIndex(_ left: Int32, _ right: Int32) -> Int? {
            UInt32(bitPattern: left | right) < 256 ? Int(left) << 8 | Int(right) : nil
        }

        /// The merge of a pair; its rank is `none` if the pair does not merge.
        @inline(__always)
        func merge(_ left: Int32, _ right: Int32) -> Merge {
            if let low = Self.lowIndex(left, right) { return lowPairs[low] }
            let pair = PairHash.pair(left, right)
            let index = index(of: pair, hash(pair))
            return tags[index] == 0 ? Merge(rank: none, merged: -1) : slots[index].merge
        }

        /// The slot of a pair, or the free slot for it.
        @inline(__always)
        fileprivate func index(of pair: UInt64, _ hash: PairHash.Value) -> Int {
            let mask = slots.count - 1
            var index = hash.index & mask
            while tags[index] != 0 {
                if tags[index] == hash.tag, slots[index].pair == pair { break }
                index = (index + 1) & mask
            }
            return index
        }
    }
}

/// A hash function for pairs of ids, with a random key.
struct PairHash: Sendable {
    private let seed = UInt64.random(in: 0...UInt64.max)
    private let factor = UInt64.random(in: 0...UInt64.max) | 1

    /// A hash in two parts.
    struct Value {
        /// The first slot to probe, modulo the number of slots.
        let index: Int
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
        return Value(index: Int(hash & 0xFFFF_FFFF_FFFF), tag: UInt8(hash >> 56) | 0x80)
    }
}
