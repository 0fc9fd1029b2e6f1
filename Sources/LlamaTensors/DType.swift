/// How one element of a tensor is stored.
///
/// The names follow safetensors (`F16`, `BF16`, …); all are little-endian in every supported file format.
package enum DType: String, Sendable, Hashable, CaseIterable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint8 = "U8"
    case bool = "BOOL"
    // Block formats of GGML: elements of a row that share scales.
    case q4_0 = "Q4_0"
    case q4_1 = "Q4_1"
    case q5_0 = "Q5_0"
    case q5_1 = "Q5_1"
    case q8_0 = "Q8_0"
    case q2_K = "Q2_K"
    case q3_K = "Q3_K"
    case q4_K = "Q4_K"
    case q5_K = "Q5_K"
    case q6_K = "Q6_K"

    /// Number of elements that are stored together; 1 except for block formats.
    package var blockCount: Int {
        switch self {
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
        case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K: 256
        default: 1
        }
    }

    /// Bytes of `blockCount` elements (`ggml-common.h` of llama.cpp for the block formats).
    package var blockSize: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        case .q4_0: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q2_K: 84
        case .q3_K: 110
        case .q4_K: 144
        case .q5_K: 176
        case .q6_K: 210
        }
    }

    /// Whether elements are stored in blocks.
    package var isBlockFormat: Bool { blockCount > 1 }

    /// Whether elements are individual floating-point numbers in a type that weights use.
    package var isFloat: Bool {
        switch self {
        case .float32, .float16, .bfloat16: true
        default: false
        }
    }

    /// Whether the kernels can compute with weights of this type as stored in the file.
    package var isWeightType: Bool { isFloat || isBlockFormat }
}
