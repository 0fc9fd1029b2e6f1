import LlamaCheckpoints
import LlamaTensors

/// The dtype that every role is written in.
struct DTypePlan: Sendable {
    private let checkpoint: Checkpoint
    private let options: ConversionOptions
    private let writer: any FormatWriter
    /// The dtypes that tensors had before an earlier conversion widened them.
    private let originals: [TensorRole: DType]

    /// - Parameter originals: The dtypes that tensors had before an earlier conversion widened them.
    /// - Throws: ``ConversionError/inexpressible(format:reasons:)`` where the format does not hold the dtype.
    init(
        _ checkpoint: Checkpoint, _ options: ConversionOptions, writer: any FormatWriter,
        originals: [TensorRole: DType]
    ) throws(ConversionError) {
        self.checkpoint = checkpoint
        self.options = options
        self.writer = writer
        self.originals = originals
        var reasons: [String] = []
        if let dtype = options.dtype, !options.format.holds(dtype) {
            reasons.append("it holds no \(dtype.rawValue) weights")
        }
        for dtype in checkpoint.dtypes
        where options.dtype == nil && dtype.isBlockFormat && !options.format.holds(dtype) {
            reasons.append(
                "it holds no \(dtype.rawValue) weights; choose the dtype float16, bfloat16 or float32 to expand them"
            )
        }
        guard reasons.isEmpty else { throw .inexpressible(format: options.format, reasons: reasons) }
    }

    /// The dtype of a role in the output.
    ///
    /// - Parameters:
    ///   - source: The role of the source whose values it has.
    ///   - rule: What was asked for; nil for the source's dtypes.
    func dtype(
        of role: TensorRole, from source: TensorRole, by rule: QuantizationRule?
    ) throws(CheckpointError) -> DType {
        let weight = try checkpoint.weight(source)
        return writer.storedDType(
            for: rule?.dtype(of: role, shape: weight.shape) ?? originals[source] ?? weight.dtype,
            rank: weight.shape.count)
    }

    /// The dtype that a tensor would have if the format did not store it wider.
    func original(of role: TensorRole) throws(CheckpointError) -> DType {
        if options.dtype == .float32 { return .float32 }
        if let original = originals[role] { return original }
        return try checkpoint.weight(role).dtype
    }
}
