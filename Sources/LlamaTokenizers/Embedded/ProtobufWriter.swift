/// Writes one protobuf message (protobuf's "Encoding" page).
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ field: UInt64, _ value: UInt64) {
        append(field << 3)
        append(value)
    }

    /// A number of type `int32`, which needs ten bytes if it is negative.
    mutating func int32(_ field: UInt64, _ value: Int32) {
        varint(field, UInt64(bitPattern: Int64(value)))
    }

    mutating func bool(_ field: UInt64, _ value: Bool) { varint(field, value ? 1 : 0) }

    mutating func float(_ field: UInt64, _ value: Float) {
        append(field << 3 | 5)
        bytes.append(littleEndian: value.bitPattern)
    }

    /// A string, or a message within this one.
    mutating func message(_ field: UInt64, _ content: some Collection<UInt8>) {
        append(field << 3 | 2)
        append(UInt64(content.count))
        bytes += content
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension [UInt8] {
    mutating func append(littleEndian value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
