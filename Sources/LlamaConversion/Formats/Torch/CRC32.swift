/// The cyclic redundancy check of ZIP (polynomial 0x04C11DB7, bits reflected), sixteen bytes at a time.
///
/// Sources: PKWARE APPNOTE 6.3, 4.4.7; slicing after Kounavis and Berry (2005).
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

    /// Appends bytes.
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

    /// What eight bytes add to the remainder, the first of them `start / 256 + 7` bytes before the last of sixteen.
    @inline(__always)
    private static func slice(_ word: UInt64, _ tables: UnsafeBufferPointer<UInt32>, _ start: Int) -> UInt32 {
        @inline(__always) func entry(_ byte: Int) -> UInt32 {
            tables[start + (7 - byte) << 8 | Int(word >> UInt64(8 * byte) & 0xFF)]
        }
        return entry(0) ^ entry(1) ^ entry(2) ^ entry(3) ^ entry(4) ^ entry(5) ^ entry(6) ^ entry(7)
    }

    /// At `256 * n + byte`, the remainder of a byte followed by `n` zero bytes.
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

    private static let polynomial: UInt32 = 0xEDB8_8320
}
