import LlamaCheckpoints
import LlamaTensors

/// The dtype that every role is written in.
struct DTypePlan {
    private let checkpoint: Checkpoint
    private let options: ConversionOptions
    /// The dtypes that tensors had before GGUF widened them.
    private let originals: [TensorRole: DType]

    init(_ checkpoint: Checkpoint, _ options: ConversionOptions) throws(ConversionError) {
        self.checkpoint = checkpoint
        self.options = options
        originals = WidenedTensors.read(checkpoint)
        var reasons: [String] = []
        if let dtype = options.dtype, !options.format.holds(dtype) {
            reasons.append("it holds no \(dtype.rawValue) weights")
        }
        for dtype in checkpoint.dtypes where options.dtype == nil {
            if dtype.isBlockFormat, options.format != .gguf {
                reasons.append(
                    "it holds no \(dtype.rawValue) weights; choose the dtype float16, bfloat16 or float32 to expand them"
                )
            }
        }
        guard reasons.isEmpty else { throw .inexpressible(format: options.format, reasons: reasons) }
    }

    /// The dtype of a role in the output.
    func dtype(of role: TensorRole) throws(CheckpointError) -> DType {
        let weight = try checkpoint.weight(role)
        // llama.cpp computes with norms and biases in float32 only.
        if options.format == .gguf, weight.shape.count < 2 { return .float32 }
        if options.format == .llama2c { return .float32 }
        return options.dtype ?? originals[role] ?? weight.dtype
    }

    /// What a tensor's dtype was, where it is wider in the output for the format's sake alone.
    func original(of role: TensorRole) throws(CheckpointError) -> DType {
        if options.dtype == .float32 { return .float32 }
        if let original = originals[role] { return original }
        return try checkpoint.weight(role).dtype
    }
}

/// The norms and biases that a GGUF file holds in float32 and that were narrower: llama.cpp wants them wide, and a
/// conversion back makes them narrow again.
enum WidenedTensors {
    private static let key = "swift-llama.widened"

    /// The metadata that says so.
    static func metadata(_ originals: [(name: String, dtype: DType)]) -> [(key: String, value: GGUFValue)] {
        if originals.isEmpty { return [] }
        let entries = originals.map { Array("\($0.name) \($0.dtype.rawValue)".utf8) }
        return [(key, .array(.string(GGUFStrings(entries))))]
    }

    /// What such metadata says.
    static func read(_ checkpoint: Checkpoint) -> [TensorRole: DType] {
        var dtypes: [TensorRole: DType] = [:]
        guard let metadata = checkpoint.gguf, let entries = try? metadata.strings(key) else { return [:] }
        for entry in entries {
            let words = String(decoding: entry, as: UTF8.self).split(separator: " ")
            guard words.count == 2, let dtype = DType(rawValue: String(words[1])), dtype.isFloat,
                case .role(let role) = TensorNaming.gguf.meaning(of: String(words[0])),
                role.shape(in: checkpoint.configuration).count == 1
            else { continue }
            dtypes[role] = dtype
        }
        return dtypes
    }
}
