/// A value of a GGUF file's metadata.
///
/// Source: `gguf_metadata_value_t` in https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
package enum GGUFValue: Sendable, Equatable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    /// UTF-8 by the format; but tokens of a vocabulary can be any bytes, so these are kept as they are.
    case string([UInt8])
    case array(GGUFArray)
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)

    /// A string value.
    package static func text(_ text: String) -> GGUFValue { .string(Array(text.utf8)) }

    /// The value's type in the file.
    package var type: GGUFType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }
}

/// The types of metadata values, by their numbers in the file.
package enum GGUFType: UInt32, Sendable, CaseIterable {
    case uint8
    case int8
    case uint16
    case int16
    case uint32
    case int32
    case float32
    case bool
    case string
    case array
    case uint64
    case int64
    case float64

    /// Smallest size of a value in a file, in bytes; strings and arrays begin with lengths.
    var leastByteCount: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}
