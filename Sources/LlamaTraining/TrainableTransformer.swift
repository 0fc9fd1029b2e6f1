import LlamaCheckpoints
import LlamaKernels
import LlamaModel

/// A Llama that can be trained: forward over a batch of whole sequences, cross-entropy, and backward.
final class TrainableTransformer {
    let parameters: ParameterSet
    let batch: Int
    let length: Int
    private let tokEmbeddings: Parameter
    private let blocks: [TrainableBlock]
    private let norm: Parameter
    private let output: Parameter
    private let state: TrainingActivations
    // Owns the rotations that the blocks use.
    private let rope: RotaryEmbedding
    private let kernels: KernelContext
    private let blas: OpenBLAS

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
        tokEmbeddings = try parameters.parameter(.tokEmbeddings)
        norm = try parameters.parameter(.norm)
        output = try parameters.parameter(.output)
        let attention = CausalAttention(
            batch: batch, length: length, nHeads: configuration.nHeads, nKVHeads: configuration.nKVHeads,
            headDim: configuration.headDim)
        state = try TrainingActivations(
            configuration, batch: batch, length: length, attention: attention, kernels: kernels)
        rope = try RotaryEmbedding(configuration, positions: length)
        rope.fill(positions: length)
        var blocks: [TrainableBlock] = []
        for layer in 0..<configuration.nLayers {
            blocks.append(
                try TrainableBlock(
                    parameters, layer: layer, attention: attention, rotations: (rope.table, length),
                    kernels: kernels, blas: blas))
        }
        self.blocks = blocks
    }

    /// Mean loss over the batch, in nats per token.
    ///
    /// - Parameters:
    ///   - inputs: Ids `[batch, length]`.
    ///   - targets: The ids that follow them; a negative one is not counted.
    /// - Throws: ``KernelError`` for ids that the model does not have, or another number of them.
    func loss(inputs: [Int32], targets: [Int32]) throws(KernelError) -> Double {
        try forward(inputs)
        try head(targets: targets, gradientScale: nil)
        return meanLoss(targets)
    }

    /// Like ``loss(inputs:targets:)``, and adds `scale` times the gradient of the mean loss to `parameters.gradients`.
    func accumulateGradients(
        inputs: [Int32], targets: [Int32], scale: Float = 1
    ) throws(KernelError) -> Double {
        try forward(inputs)
        let counted = targets.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) }
        // dnormed [rows, dim]
        try head(targets: targets, gradientScale: scale / Float(max(counted, 1)))
        let loss = meanLoss(targets)
        // dx [rows, dim]
        state.dx.fill(0)
        try kernels.rmsNormBackward(
            dout: state.dnormed, x: state.last, weight: norm.weight, rstd: state.rstd, dx: state.dx,
            dweight: norm.gradient, scratch: state.scratch)
        for (block, kept) in zip(blocks, state.blocks).reversed() { try block.backward(kept, in: state) }
        try kernels.embeddingBackward(dx: state.dx, ids: inputs, dweight: tokEmbeddings.gradient)
        return loss
    }

    private func forward(_ inputs: [Int32]) throws(KernelError) {
        // x [rows, dim]
        try kernels.embeddingRows(tokEmbeddings.weight, ids: inputs, out: state.blocks.first?.x ?? state.last)
        for (index, block) in blocks.enumerated() {
            let out = index + 1 < blocks.count ? state.blocks[index + 1].x : state.last
            try block.forward(state.blocks[index], out: out, scratch: state.scratch)
        }
        // normed [rows, dim]
        try kernels.rmsNormForward(
            state.last, weight: norm.weight, epsilon: parameters.configuration.normEpsilon,
            out: state.normed, rstd: state.rstd)
    }

    /// Losses of all rows and, with a scale, the gradients of the output head and of its input, some rows at a time.
    private func head(targets: [Int32], gradientScale: Float?) throws(KernelError) {
        guard targets.count == state.rows else {
            throw .shapeMismatch(operand: "targets", expected: [state.rows], found: [targets.count])
        }
        for start in stride(from: 0, to: state.rows, by: state.logits.rows) {
            let range = start..<min(start + state.logits.rows, state.rows)
            // x and dx [chunk, dim], logits [chunk, vocabularySize], losses [chunk, 1]
            let (x, dx) = (try state.normed.rows(range), try state.dnormed.rows(range))
            let logits = try state.logits.prefix(range.count)
            kernels.multiply([try .forward(x: x, weight: output.weight, out: logits)], with: blas)
            try kernels.crossEntropy(
                logits, targets: targets[range], gradientScale: gradientScale,
                losses: state.losses.rows(range))
            guard gradientScale != nil else { continue }
            // The logits are their own gradient now.
            kernels.multiply(
                [
                    try .inputGradient(dout: logits, weight: output.weight, dx: dx),
                    try .weightGradient(dout: logits, x: x, dweight: output.gradient),
                ], with: blas)
        }
    }

    private func meanLoss(_ targets: [Int32]) -> Double {
        var (sum, counted) = (0.0, 0)
        state.losses.withSpan { losses in
            for (row, target) in targets.enumerated() where target >= 0 {
                sum += Double(losses[row])
                counted += 1
            }
        }
        return sum / Double(max(counted, 1))
    }
}
