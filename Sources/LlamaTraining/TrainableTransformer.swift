import LlamaCheckpoints
import LlamaKernels
import LlamaModel

/// A Llama that can be trained: forward over a batch of whole sequences, cross-entropy, and backward.
final class TrainableTransformer {
    let parameters: ParameterSet
    let batch: Int
    let length: Int
    private let blocks: [TrainableBlock]
    private let state: TrainingActivations
    private let rope: RotaryEmbedding
    private let kernels: KernelContext
    private let blas: OpenBLAS

    private var configuration: ModelConfiguration { parameters.configuration }

    /// - Parameters:
    ///   - batch: Number of sequences in a step.
    ///   - length: Tokens of each.
    init(_ parameters: ParameterSet, batch: Int, length: Int, kernels: KernelContext, blas: OpenBLAS)
        throws(KernelError)
    {
        let configuration = parameters.configuration
        self.parameters = parameters
        self.batch = batch
        self.length = length
        self.kernels = kernels
        self.blas = blas
        let attention = CausalAttention(
            batch: batch, length: length, nHeads: configuration.nHeads, nKVHeads: configuration.nKVHeads,
            headDim: configuration.headDim)
        state = try TrainingActivations(
            configuration, batch: batch, length: length, attention: attention, kernels: kernels)
        let rope = try RotaryEmbedding(configuration, positions: length)
        rope.fill(positions: length)
        self.rope = rope
        blocks = (0..<configuration.nLayers).map { layer in
            TrainableBlock(
                layer: layer, parameters: parameters, attention: attention,
                rotations: (rope.cosines, rope.sines),
                kernels: kernels, blas: blas)
        }
    }

    /// Mean loss over the batch, in nats per token.
    ///
    /// - Parameters:
    ///   - inputs: Ids `[batch, length]`.
    ///   - targets: The ids that follow them; a negative one is not counted.
    func loss(inputs: [Int32], targets: [Int32]) -> Double {
        forward(inputs)
        head(targets: targets, gradientScale: nil)
        return meanLoss(targets)
    }

    /// Like ``loss(inputs:targets:)``, and adds `scale` times the gradient of the mean loss to `parameters.gradients`.
    func accumulateGradients(inputs: [Int32], targets: [Int32], scale: Float = 1) -> Double {
        forward(inputs)
        let counted = targets.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) }
        head(targets: targets, gradientScale: scale / Float(max(counted, 1)))
        let loss = meanLoss(targets)
        let dim = configuration.dim
        state.dx.update(repeating: 0, count: state.rows * dim)
        kernels.rmsNormBackward(
            dout: state.dnormed, x: state.last, weight: parameters.weight(.norm), rstd: state.rstd,
            dx: state.dx,
            dweight: parameters.gradient(.norm), scratch: state.scratch, rows: state.rows, dim: dim)
        for (block, kept) in zip(blocks, state.blocks).reversed() {
            block.backward(kept, in: state, length: length)
        }
        kernels.embeddingBackward(
            dx: state.dx, ids: inputs, dweight: parameters.gradient(.tokEmbeddings), rows: state.rows,
            dim: dim)
        return loss
    }

    private func forward(_ inputs: [Int32]) {
        let dim = configuration.dim
        let first = state.blocks.first?.x ?? state.last
        kernels.embeddingRows(
            parameters.weight(.tokEmbeddings), ids: inputs, out: first, rows: state.rows, dim: dim)
        for (index, block) in blocks.enumerated() {
            let out = index + 1 < blocks.count ? state.blocks[index + 1].x : state.last
            block.forward(state.blocks[index], out: out, in: state, length: length)
        }
        kernels.rmsNormForward(
            state.last, weight: parameters.weight(.norm), epsilon: configuration.normEpsilon,
            out: state.normed,
            rstd: state.rstd, rows: state.rows, dim: dim)
    }

    /// Losses of all rows and, with a scale, the gradients of the output head and of its input, some rows at a time.
    private func head(targets: [Int32], gradientScale: Float?) {
        let (dim, classes) = (configuration.dim, configuration.vocabularySize)
        let weight = parameters.weight(.output)
        for start in stride(from: 0, to: state.rows, by: state.logitRows) {
            let rows = min(state.logitRows, state.rows - start)
            let (x, dx) = (state.normed + start * dim, state.dnormed + start * dim)
            kernels.multiply(
                [
                    .forward(
                        x: x, weight: weight, out: state.logits, rows: rows, inputs: dim, outputs: classes)
                ], with: blas)
            targets.withUnsafeBufferPointer { targets in
                guard let targets = targets.baseAddress.map({ $0 + start }) else { return }
                guard let gradientScale else {
                    kernels.crossEntropyLoss(
                        state.logits, targets: targets, losses: state.losses + start, rows: rows,
                        classes: classes)
                    return
                }
                kernels.crossEntropy(
                    state.logits, targets: targets, scale: gradientScale, losses: state.losses + start,
                    rows: rows,
                    classes: classes)
            }
            guard gradientScale != nil else { continue }
            kernels.multiply(
                [
                    .inputGradient(
                        dout: state.logits, weight: weight, dx: dx, rows: rows, inputs: dim, outputs: classes),
                    .weightGradient(
                        dout: state.logits, x: x, dweight: parameters.gradient(.output), rows: rows,
                        inputs: dim,
                        outputs: classes),
                ], with: blas)
        }
    }

    private func meanLoss(_ targets: [Int32]) -> Double {
        var (sum, counted) = (0.0, 0)
        for (row, target) in targets.enumerated() where target >= 0 {
            sum += Double(state.losses[row])
            counted += 1
        }
        return sum / Double(max(counted, 1))
    }
}
