import Glibc

/// The ids of tokens by their bytes.
///
/// An open-addressing hash table, at most half full, over one flat buffer: no object per token, and no `String`, to which
/// canonically equivalent spellings are equal. The hash function is random, so that no file can be crafted whose tokens
/// collide.
struct TokenIndex: Sendable {
    /// The id of bytes that are not a token.
    static let none: Int32 = -1

    /// Two tokens of the same bytes.
    struct Duplicate: Hashable, Sendable {
        let id: Int32
        /// The first token with these bytes.
        let earlier: Int32
    }

    private struct Slot: Sendable {
        /// The bytes of a token of at most eight bytes, the hash of a longer one.
        var key: UInt64 = 0
        /// The length in bytes; 0 in a free slot.
        var count: Int32 = 0
        var id: Int32 = TokenIndex.none
    }

    /// The first token with the bytes of an earlier one, which a lookup finds; nil if all tokens differ.
    private(set) var duplicate: Duplicate?
    /// The length in bytes of the longest token.
    private(set) var longest = 0

    private let bytes: [UInt8]
    /// Where each token ends in `bytes`, after a leading 0.
    private let bounds: [UInt32]
    private var slots: [Slot]
    private let seed = UInt64.random(in: 0...UInt64.max)
    private let factor = UInt64.random(in: 0...UInt64.max) | 1

    /// - Parameters:
    ///   - bytes: the tokens back to back, less than 4 GiB.
    ///   - bounds: where each ends, after a leading 0. A token without bytes is left out.
    init(bytes: [UInt8], bounds: [UInt32]) {
        (self.bytes, self.bounds) = (bytes, bounds)
        var capacity = 16
        while capacity / 2 < bounds.count { capacity *= 2 }
        slots = [Slot](repeating: Slot(), count: capacity)
        bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            for id in 0..<max(0, bounds.count - 1) {
                insert(start + Int(bounds[id]), Int(bounds[id + 1] - bounds[id]), id: Int32(id))
            }
        }
    }

    /// The tokens of a table, by their ids; those without bytes are left out.
    init(_ tokens: TokenTable) {
        var bytes: [UInt8] = []
        var bounds: [UInt32] = [0]
        bounds.reserveCapacity(tokens.count + 1)
        for id in 0..<Int32(tokens.count) {
            bytes += tokens.bytes(of: id)
            bounds.append(UInt32(truncatingIfNeeded: bytes.count))
        }
        self.init(bytes: bytes, bounds: bounds)
    }

    /// The id of a token by its bytes, or `none`.
    @inline(__always)
    func id(of start: UnsafePointer<UInt8>, count: Int) -> Int32 {
        guard count > 0, count <= longest else { return Self.none }
        return slots.withUnsafeBufferPointer { slots in
            slots[index(of: start, count, key: key(start, count), in: slots)].id
        }
    }

    /// The id of a token by its bytes, or `none`.
    func id(of bytes: some Collection<UInt8>) -> Int32 {
        let found = bytes.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { id(of: $0, count: bytes.count) } ?? Self.none
        }
        return found ?? id(of: Array(bytes))
    }

    private mutating func insert(_ start: UnsafePointer<UInt8>, _ count: Int, id: Int32) {
        guard count > 0 else { return }
        let key = key(start, count)
        let index = slots.withUnsafeBufferPointer { self.index(of: start, count, key: key, in: $0) }
        if slots[index].count > 0 {
            duplicate = duplicate ?? Duplicate(id: id, earlier: slots[index].id)
        } else {
            slots[index] = Slot(key: key, count: Int32(count), id: id)
            longest = max(longest, count)
        }
    }

    /// The slot of a token, or the free slot for it.
    @inline(__always)
    private func index(
        of start: UnsafePointer<UInt8>, _ count: Int, key: UInt64, in slots: UnsafeBufferPointer<Slot>
    ) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: count > 8 ? key : mix(key ^ UInt64(count) << 56)) & mask
        while slots[index].count != 0 {
            if slots[index].key == key, slots[index].count == Int32(truncatingIfNeeded: count),
                count <= 8 || isToken(slots[index].id, start, count)
            {
                return index
            }
            index = (index + 1) & mask
        }
        return index
    }

    private func isToken(_ id: Int32, _ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { memcmp($0 + Int(bounds[Int(id)]), start, count) } == 0
        }
    }

    /// Up to eight bytes themselves, else a hash over eight bytes at a time, of which the last may overlap (after wyhash,
    /// Wang Yi).
    @inline(__always)
    private func key(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        let raw = UnsafeRawPointer(start)
        if count < 4 {
            let shift = UInt64(count - 1) * 8
            return UInt64(start[0]) | UInt64(start[count / 2]) << (UInt64(count / 2) * 8)
                | UInt64(start[count - 1]) << shift
        }
        if count <= 8 {
            let last = UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            return UInt64(raw.loadUnaligned(as: UInt32.self)) | last << (UInt64(count - 4) * 8)
        }
        var hash = UInt64(count)
        var offset = 0
        while offset + 8 < count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        return mix(hash ^ raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    }

    @inline(__always)
    private func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ seed).multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }
}
