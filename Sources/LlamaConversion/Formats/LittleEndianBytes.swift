/// Integers and floats, written one behind the other as all checkpoint formats have them: little-endian.
struct LittleEndianBytes {
    var bytes: [UInt8] = []

    mutating func write<each Integer: FixedWidthInteger>(_ values: repeat each Integer) {
        for value in repeat each values {
            Swift.withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
    }
}
