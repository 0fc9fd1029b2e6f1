import ArgumentParser
import LlamaKernels
import LlamaModel
import LlamaTensors

/// The type of the weights.
enum WeightOption: String, ExpressibleByArgument, CaseIterable {
    /// As stored in a checkpoint; F16 for a shape.
    case auto
    /// Expanded in memory, for a checkpoint; the same as ``f32`` for a shape.
    case float32
    case f32, f16, bf16
    case q8_0, q4_0, q4_1, q5_0, q5_1
    case q2_k, q3_k, q4_k, q5_k, q6_k

    /// The type of random weights.
    var randomType: DType {
        switch self {
        case .auto, .f16: .float16
        case .float32, .f32: .float32
        case .bf16: .bfloat16
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        case .q4_1: .q4_1
        case .q5_0: .q5_0
        case .q5_1: .q5_1
        case .q2_k: .q2_K
        case .q3_k: .q3_K
        case .q4_k: .q4_K
        case .q5_k: .q5_K
        case .q6_k: .q6_K
        }
    }

    /// How the weights of a checkpoint are held; nil for a type that loading does not make.
    var weightType: Transformer.WeightType? {
        switch self {
        case .auto: .stored
        case .float32: .float32
        default: Transformer.WeightType.allCases.first { $0.quantization == randomType }
        }
    }

    /// Those that a checkpoint can be held in, in words.
    static var ofCheckpoints: String {
        let names = allCases.filter { $0.weightType != nil }.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }
}

extension ActivationType: ExpressibleByArgument {}
extension CacheType: ExpressibleByArgument {}
