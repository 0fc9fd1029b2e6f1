import LlamaTensors

/// The cyclic redundancy check of ZIP (polynomial 0x04C11DB7, bits reflected), sixteen bytes at a time.
///
/// Sources: PKWARE APPNOTE 6.3, 4.4.7; slicing after Kounavis and Berry (2005); joining after `crc32_combine` of
/// zlib 1.2.13.
package struct CRC32: Sendable {
    /// The checksum of all bytes so far.
    package private(set) var value: UInt32 = 0

    /// The checksum of no bytes.
    package init() {}

    /// The checksum of `bytes`.
    package static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes)
        return crc.value
    }

    /// The checksum of `bytes`.
    package static func checksum(of bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum(of: $0) } }

    /// Goes on with the bytes that follow.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var remainder = ~value
        let sliced = bytes.count & ~15
        CRC32.tables.withUnsafeBufferPointer { tables in
            for offset in stride(from: 0, to: sliced, by: 16) {
                let low = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let high = UInt64(
                    littleEndian: base.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
                remainder =
                    CRC32.slice(low ^ UInt64(remainder), tables, 2048) ^ CRC32.slice(high, tables, 0)
            }
            for offset in sliced..<bytes.count {
                let byte = base.load(fromByteOffset: offset, as: UInt8.self)
                remainder = remainder >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: remainder) ^ byte)]
            }
        }
        value = ~remainder
    }

    /// The checksum of two runs of bytes, one behind the other, from those of each; in time that grows with the
    /// logarithm of the length.
    package static func combine(_ first: UInt32, _ second: UInt32, lengthOfSecond: Int) -> UInt32 {
        product(power(of: lengthOfSecond), first) ^ second
    }

    // MARK: Bytes

    /// What eight bytes add to the remainder, the first of them `start / 256 + 7` bytes before the last of sixteen.
    @inline(__always)
    private static func slice(_ word: UInt64, _ tables: UnsafeBufferPointer<UInt32>, _ start: Int) -> UInt32 {
        @inline(__always) func entry(_ byte: Int) -> UInt32 {
            tables[start + (7 - byte) << 8 | Int(word >> UInt64(8 * byte) & 0xFF)]
        }
        return entry(0) ^ entry(1) ^ entry(2) ^ entry(3) ^ entry(4) ^ entry(5) ^ entry(6) ^ entry(7)
    }

    /// At `256 * n + byte`, the remainder of a byte and `n` zero bytes behind it.
    private static let tables: [UInt32] = {
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : polynomial) }
        }
        for index in 256..<4096 {
            let shorter = tables[index - 256]
            tables.append(shorter >> 8 ^ tables[Int(shorter & 0xFF)])
        }
        return tables
    }()

    // MARK: Polynomials over GF(2) modulo the generator; the highest bit is the constant term.

    private static let polynomial: UInt32 = 0xEDB8_8320
    private static let one: UInt32 = 1 << 31

    /// x to the power of 2^n at index n; the powers repeat after 32.
    private static let squares: [UInt32] = (1..<32).reduce(into: [one >> 1]) { squares, index in
        squares.append(product(squares[index - 1], squares[index - 1]))
    }

    private static func product(_ first: UInt32, _ second: UInt32) -> UInt32 {
        var (sum, shifted): (UInt32, UInt32) = (0, second)
        for bit in (0..<32).reversed() {
            if first >> UInt32(bit) & 1 == 1 { sum ^= shifted }
            shifted = shifted >> 1 ^ (shifted & 1 == 0 ? 0 : polynomial)
        }
        return sum
    }

    /// x to the power of eight times `byteCount`.
    private static func power(of byteCount: Int) -> UInt32 {
        var (result, rest, exponent) = (one, UInt(max(byteCount, 0)), 3)
        while rest > 0 {
            if rest & 1 == 1 { result = product(squares[exponent & 31], result) }
            (rest, exponent) = (rest >> 1, exponent + 1)
        }
        return result
    }
}
