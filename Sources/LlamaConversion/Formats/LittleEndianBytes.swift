/// A buffer of little-endian integers, the byte order of all checkpoint formats.
struct LittleEndianBytes {
    /// What was written so far.
    var bytes: [UInt8] = []

    /// Appends integers, in order.
    mutating func write<each Integer: FixedWidthInteger>(_ values: repeat each Integer) {
        for value in repeat each values {
            Swift.withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
    }
}
