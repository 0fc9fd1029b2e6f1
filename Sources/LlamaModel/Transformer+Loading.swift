import LlamaCheckpoints
import LlamaFiles
import LlamaKernels
import LlamaTensors

extension Transformer {
    /// The type in which weights are held.
    package enum WeightType: CaseIterable, Sendable {
        /// As in the files, which stay mapped: nothing is copied.
        case stored
        /// Expanded to float32 in memory: for small models, where conversion costs more than bandwidth.
        case float32
        /// Matrices quantized to Q8_0 in memory, norms and biases expanded to float32.
        case q8_0
        /// Matrices quantized to Q6_K in memory.
        case q6_K
        /// Matrices quantized to Q4_K in memory, the output head to Q6_K.
        case q4_K
        /// Matrices quantized to Q4_0 in memory.
        case q4_0

        /// The dtype that matrices are quantized to; nil for none.
        package var quantization: DType? {
            switch self {
            case .stored, .float32: nil
            case .q8_0: .q8_0
            case .q6_K: .q6_K
            case .q4_K: .q4_K
            case .q4_0: .q4_0
            }
        }
    }

    /// Borrows the weights of an open checkpoint, or copies them in another type.
    ///
    /// - Throws: As ``init(_:_:)``.
    package init(_ checkpoint: Checkpoint, weights type: WeightType = .stored) throws {
        try self.init(checkpoint, WeightLoading(type))
    }

    /// Borrows the weights of an open checkpoint, or copies them in another type.
    ///
    /// - Throws: ``CheckpointError``, also for weights that quantization cannot store; ``KernelError`` for weights the
    ///   kernels cannot read, and where memory is short; and ``LoadingError``.
    package init(_ checkpoint: Checkpoint, _ loading: WeightLoading) throws {
        let expanded = checkpoint.configuration.parameterCount * MemoryLayout<Float>.size
        guard loading.type != .float32 || expanded < PhysicalMemory.byteCount else {
            throw KernelError.outOfMemory(byteCount: expanded)
        }
        for file in checkpoint.mappedFiles { file.rememberContents() }
        let quantizer = try loading.type.quantization.map { try WeightQuantizer(checkpoint, $0, loading) }
        let source = WeightSource(
            checkpoint: checkpoint, isExpanded: loading.type == .float32, quantizer: quantizer)
        configuration = checkpoint.configuration
        tokEmbeddings = try source.matrix(.tokEmbeddings)
        norm = try source.norm(.norm)
        output =
            quantizer?.tiesEmbeddings ?? configuration.tiesEmbeddings
            ? try Linear(weight: tokEmbeddings, bias: nil)
            : try Linear(weight: try source.matrix(.output), bias: nil)
        var layers: [TransformerBlock] = []
        for layer in 0..<configuration.nLayers { layers.append(try source.block(layer)) }
        self.layers = layers
        try checkpoint.checkUnchanged()
        files = loading.type == .float32 ? [] : quantizer?.borrowedFiles ?? checkpoint.mappedFiles
    }
}

/// Makes the model's parts from a checkpoint's weights.
private struct WeightSource {
    let checkpoint: Checkpoint
    /// Whether matrices are copied as float32.
    let isExpanded: Bool
    /// Nil where matrices are not quantized.
    let quantizer: WeightQuantizer?

    func block(_ layer: Int) throws -> TransformerBlock {
        let configuration = checkpoint.configuration
        let attentionBias = configuration.hasAttentionBias
        let feedForwardBias = configuration.hasFeedForwardBias
        return TransformerBlock(
            attentionNorm: try norm(.layer(layer, .attentionNorm)),
            attention: Attention(
                wq: try linear(layer, .wq, bias: attentionBias ? .bq : nil),
                wk: try linear(layer, .wk, bias: attentionBias ? .bk : nil),
                wv: try linear(layer, .wv, bias: attentionBias ? .bv : nil),
                wo: try linear(layer, .wo, bias: attentionBias ? .bo : nil)),
            ffnNorm: try norm(.layer(layer, .ffnNorm)),
            feedForward: FeedForward(
                w1: try linear(layer, .w1, bias: feedForwardBias ? .b1 : nil),
                w2: try linear(layer, .w2, bias: feedForwardBias ? .b2 : nil),
                w3: try linear(layer, .w3, bias: feedForwardBias ? .b3 : nil)))
    }

    func norm(_ role: TensorRole) throws(CheckpointError) -> RMSNorm {
        RMSNorm(weight: try vector(role), epsilon: checkpoint.configuration.normEpsilon)
    }

    func matrix(_ role: TensorRole) throws -> WeightMatrix {
        let weight = try checkpoint.weight(role)
        if let (parts, arrangement) = try quantizer?.parts(of: role) {
            return try WeightMatrix(weight.name, parts: parts, arrangement: arrangement)
        }
        let parts = isExpanded ? weight.parts.compactMap { $0.expanded() } : weight.parts
        guard parts.count == weight.parts.count else {
            throw KernelError.outOfMemory(byteCount: weight.shape.reduce(4, *))
        }
        return try WeightMatrix(weight.name, parts: parts, arrangement: weight.arrangement)
    }

    private func linear(
        _ layer: Int, _ role: TensorRole.LayerRole, bias: TensorRole.LayerRole?
    ) throws -> Linear {
        let weight = try matrix(.layer(layer, role))
        guard let bias else { return try Linear(weight: weight, bias: nil) }
        return try Linear(weight: weight, bias: vector(.layer(layer, bias)))
    }

    private func vector(_ role: TensorRole) throws(CheckpointError) -> FloatVector {
        FloatVector(try checkpoint.weight(role).floats)
    }
}
