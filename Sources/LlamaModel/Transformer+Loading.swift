import LlamaTensors
import LlamaCheckpoints
import Glibc
import LlamaFiles
import LlamaKernels

extension Transformer {
    /// The type in which weights are held.
    package enum WeightType: Sendable {
        /// As in the files, which stay mapped: nothing is copied.
        case stored
        /// Expanded to float32 in memory: for small models, where conversion costs more than bandwidth.
        case float32
    }

    /// Borrows the weights of an open checkpoint.
    ///
    /// - Throws: ``CheckpointError``, or ``KernelError`` for weights the kernels cannot read.
    package init(_ checkpoint: Checkpoint, weights type: WeightType = .stored) throws {
        // Linux overcommits memory and kills the process that touches it, so compare with the physical memory first.
        let expanded = checkpoint.configuration.parameterCount * MemoryLayout<Float>.size
        let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        guard type == .stored || expanded < memory else { throw KernelError.outOfMemory(byteCount: expanded) }
        let source = WeightSource(checkpoint: checkpoint, type: type)
        configuration = checkpoint.configuration
        tokEmbeddings = try source.matrix(.tokEmbeddings)
        norm = try source.norm(.norm)
        output =
            configuration.tiesEmbeddings
            ? try Linear(weight: tokEmbeddings, bias: nil)
            : try Linear(weight: try source.matrix(.output), bias: nil)
        var layers: [TransformerBlock] = []
        for layer in 0..<configuration.nLayers { layers.append(try source.block(layer)) }
        self.layers = layers
        let mapped = checkpoint.mappedFiles
        for file in mapped { file.rememberContents() }
        try checkpoint.checkUnchanged()
        files = type == .stored ? mapped : []
    }
}

/// Makes the model's parts from a checkpoint's weights.
private struct WeightSource {
    let checkpoint: Checkpoint
    let type: Transformer.WeightType

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
        let parts = type == .float32 ? weight.parts.compactMap { $0.expanded() } : weight.parts
        guard parts.count == weight.parts.count else {
            throw KernelError.outOfMemory(byteCount: weight.shape.reduce(4, *))
        }
        return try WeightMatrix(
            weight.name, parts: parts, arrangement: weight.cut == .columns ? .columns : .rows)
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
