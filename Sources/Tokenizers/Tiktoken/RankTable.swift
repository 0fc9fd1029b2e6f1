import Glibc

/// The ranks of a tiktoken vocabulary by the bytes of the tokens. A token's rank is its id.
///
/// An open-addressing table over the tokens' one flat buffer: no object per token, and no `String`, which
/// takes canonically equivalent spellings for one. A class of constants, so that handing it on counts one
/// reference and not one for each array.
final class RankTable: Sendable {
    /// Stands for bytes that are no token; greater than any rank.
    static let none = Int32.max

    /// The number of tokens.
    let count: Int
    /// The length in bytes of the longest token.
    let longest: Int

    private let bytes: [UInt8]
    /// Where each token ends in `bytes`, after a 0.
    private let bounds: [UInt32]
    /// The upper half of the hash, then the rank and one; 0 where nothing is.
    private let slots: [UInt64]
    /// The ranks of all tokens of two bytes, by these bytes.
    private let pairs: [Int32]
    /// The ranks of all bytes.
    private let singles: [Int32]
    /// By chance, so that no file can be written whose tokens collide.
    private let seed: UInt64

    /// - Throws: what is wrong, and in which line of the file: the token of rank `i` is in line `i + 1`.
    init(_ tokens: TokenTable) throws(RankFile.Damage) {
        count = tokens.count
        var bytes: [UInt8] = []
        var bounds: [UInt32] = [0]
        bounds.reserveCapacity(count + 1)
        for id in 0..<Int32(count) {
            bytes += tokens.bytes(of: id)
            bounds.append(UInt32(bytes.count))
        }
        var builder = Builder(count: count)
        let longest = try bytes.withUnsafeBufferPointer { bytes throws(RankFile.Damage) in
            try builder.insert(bytes, bounds)
        }
        self.longest = longest
        (self.bytes, self.bounds, slots, seed) = (bytes, bounds, builder.slots, builder.seed)
        (singles, pairs) = (builder.singles, builder.pairs)
        if let missing = singles.firstIndex(of: Self.none) {
            let hex = String(missing, radix: 16, uppercase: true)
            throw RankFile.Damage(what: "no token stands for the byte 0x\(hex)", line: count)
        }
    }

    /// The rank of a byte, which always has one.
    @inline(__always)
    func rank(of byte: UInt8) -> Int32 { singles[Int(byte)] }

    /// The rank of two bytes, or `none`.
    @inline(__always)
    func rank(of first: UInt8, _ second: UInt8) -> Int32 { pairs[Int(first) << 8 | Int(second)] }

    /// The rank of `count` bytes, at least one, or `none`.
    @inline(__always)
    func rank(of start: UnsafePointer<UInt8>, count length: Int) -> Int32 {
        guard length > 2 else {
            return length == 1 ? rank(of: start[0]) : rank(of: start[0], start[1])
        }
        guard length <= longest else { return Self.none }
        let hash = Self.hash(start, length, seed: seed)
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while true {
            let slot = slots[place]
            if slot == 0 { return Self.none }
            if slot >> 32 == hash >> 32 {
                let rank = Int(UInt32(truncatingIfNeeded: slot)) - 1
                let begin = Int(bounds[rank])
                let isEqual = bytes.withUnsafeBufferPointer { bytes in
                    Int(bounds[rank + 1]) - begin == length
                        && bytes.baseAddress.map { memcmp($0 + begin, start, length) } == 0
                }
                if isEqual { return Int32(rank) }
            }
            place = (place + 1) & (slots.count - 1)
        }
    }

    /// Eight bytes at a time, the last eight overlapping those before (after wyhash, Wang Yi).
    @inline(__always)
    fileprivate static func hash(_ start: UnsafePointer<UInt8>, _ count: Int, seed: UInt64) -> UInt64 {
        let raw = UnsafeRawPointer(start)
        var hash = seed ^ UInt64(count)
        if count >= 8 {
            var offset = 0
            while offset + 8 < count {
                hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            return mix(hash ^ raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
        }
        if count >= 4 {
            hash ^= UInt64(raw.loadUnaligned(as: UInt32.self))
            return mix(hash ^ UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)) << 32)
        }
        let (first, middle, last) = (start[0], start[count / 2], start[count - 1])
        return mix(hash ^ UInt64(first) << 8 ^ UInt64(middle) << 16 ^ UInt64(last) << 24)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    /// The tables while they fill.
    private struct Builder {
        var slots: [UInt64]
        var singles = [Int32](repeating: none, count: 1 << 8)
        var pairs = [Int32](repeating: none, count: 1 << 16)
        let seed = UInt64.random(in: 1...UInt64.max)

        /// A table that is at most half full.
        init(count: Int) {
            var capacity = 16
            while capacity < count * 2 { capacity *= 2 }
            slots = [UInt64](repeating: 0, count: capacity)
        }

        /// Takes all tokens in; returns the length of the longest.
        mutating func insert(
            _ bytes: UnsafeBufferPointer<UInt8>, _ bounds: [UInt32]
        ) throws(RankFile.Damage) -> Int {
            var longest = 0
            for rank in 0..<(bounds.count - 1) {
                let token = UnsafeBufferPointer(
                    rebasing: bytes[Int(bounds[rank])..<Int(bounds[rank + 1])])
                longest = max(longest, token.count)
                if let earlier = insert(token, rank: rank, bytes, bounds) {
                    throw RankFile.Damage(what: "its token is that of rank \(earlier)", line: rank + 1)
                }
            }
            return longest
        }

        /// Returns the rank of an equal token that is there already.
        private mutating func insert(
            _ token: UnsafeBufferPointer<UInt8>, rank: Int, _ bytes: UnsafeBufferPointer<UInt8>,
            _ bounds: [UInt32]
        ) -> Int32? {
            guard let start = token.baseAddress, token.count > 2 else {
                let place = token.count == 1 ? Int(token[0]) : Int(token[0]) << 8 | Int(token[1])
                let earlier = token.count == 1 ? singles[place] : pairs[place]
                if token.count == 1 { singles[place] = Int32(rank) } else { pairs[place] = Int32(rank) }
                return earlier == none ? nil : earlier
            }
            let hash = RankTable.hash(start, token.count, seed: seed)
            var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[place] != 0 {
                let other = Int(UInt32(truncatingIfNeeded: slots[place])) - 1
                let range = Int(bounds[other])..<Int(bounds[other + 1])
                if slots[place] >> 32 == hash >> 32, bytes[range].elementsEqual(token) { return Int32(other) }
                place = (place + 1) & (slots.count - 1)
            }
            slots[place] = hash & ~0xFFFF_FFFF | UInt64(rank + 1)
            return nil
        }
    }
}
