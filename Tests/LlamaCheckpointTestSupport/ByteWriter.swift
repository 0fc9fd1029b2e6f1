/// Bytes written one little-endian value after the other.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func write(_ more: some Sequence<UInt8>) { bytes += more }

    mutating func write(_ text: String) { bytes += text.utf8 }

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}

extension [UInt8] {
    /// The same bytes with the little-endian `value` written over those at `offset`.
    func replacing(at offset: Int, with value: some FixedWidthInteger) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(value)
        var copy = self
        copy.replaceSubrange(offset..<offset + writer.bytes.count, with: writer.bytes)
        return copy
    }
}

extension ByteWriter {
    /// The head of a GGUF array, and the bytes of elements.
    mutating func writeArray(type: UInt32, count: UInt64, _ bytes: [UInt8]) {
        write(type)
        write(count)
        write(bytes)
    }
}
