import LlamaCheckpoints

/// Encodes a GGUF header, one little-endian value after the other.
struct GGUFEncoder {
    /// The header so far.
    private(set) var bytes: [UInt8] = []

    /// An integer.
    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A string: its length and its bytes.
    mutating func append(string: some Collection<UInt8>) {
        append(UInt64(string.count))
        bytes.append(contentsOf: string)
    }

    /// A key, the type of its value, the value.
    mutating func append(key: String, _ value: GGUFValue) {
        append(string: key.utf8)
        append(value.type.rawValue)
        append(value)
    }

    /// Bytes as they are.
    mutating func append(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    private mutating func append(_ value: GGUFValue) {
        switch value {
        case .uint8(let value): append(value)
        case .int8(let value): append(value)
        case .uint16(let value): append(value)
        case .int16(let value): append(value)
        case .uint32(let value): append(value)
        case .int32(let value): append(value)
        case .float32(let value): append(value.bitPattern)
        case .bool(let value): append(value ? 1 : 0 as UInt8)
        case .string(let value): append(string: value)
        case .array(let value): append(value)
        case .uint64(let value): append(value)
        case .int64(let value): append(value)
        case .float64(let value): append(value.bitPattern)
        }
    }

    private mutating func append(_ array: GGUFArray) {
        append(array.elementType.rawValue)
        append(UInt64(array.count))
        switch array {
        case .uint8(let values): append(bytes: values)
        case .int8(let values): for value in values { append(value) }
        case .uint16(let values): for value in values { append(value) }
        case .int16(let values): for value in values { append(value) }
        case .uint32(let values): for value in values { append(value) }
        case .int32(let values): for value in values { append(value) }
        case .float32(let values): for value in values { append(value.bitPattern) }
        case .bool(let values): for value in values { append(value ? 1 : 0 as UInt8) }
        case .string(let values): for value in values { append(string: value) }
        case .array(let values): for value in values { append(value) }
        case .uint64(let values): for value in values { append(value) }
        case .int64(let values): for value in values { append(value) }
        case .float64(let values): for value in values { append(value.bitPattern) }
        }
    }
}
