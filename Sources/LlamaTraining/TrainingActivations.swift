import LlamaCheckpoints
import LlamaKernels

/// The activations of a training step and the gradients that flow back through them, allocated once.
///
/// `rows` is the number of sequences times their length.
final class TrainingActivations {
    let rows: Int
    let blocks: [BlockActivations]
    /// Output of the last block `[rows, dim]`.
    let last: FloatMatrix
    /// Norm of the last block's output `[rows, dim]`.
    let normed: FloatMatrix
    /// `1 / rms` of the last block's output `[rows, 1]`.
    let rstd: FloatMatrix
    /// Logits of some rows at a time `[logit rows, vocabularySize]`.
    let logits: FloatMatrix
    /// Loss of each row `[rows, 1]`.
    let losses: FloatMatrix
    /// Gradient of the residual stream `[rows, dim]`.
    let dx: FloatMatrix
    /// Gradient of a normed input `[rows, dim]`.
    let dnormed: FloatMatrix
    /// Gradient of the queries `[rows, nHeads * headDim]`.
    let dq: FloatMatrix
    /// Gradient of the keys `[rows, nKVHeads * headDim]`.
    let dk: FloatMatrix
    /// Gradient of the values `[rows, nKVHeads * headDim]`.
    let dv: FloatMatrix
    /// Gradient of attention's output `[rows, nHeads * headDim]`.
    let dheads: FloatMatrix
    /// Gradient of the gate, and before it of SwiGLU's output `[rows, hiddenDim]`.
    let dgate: FloatMatrix
    /// Gradient of the up projection `[rows, hiddenDim]`.
    let dup: FloatMatrix
    /// Scratch of attention and of the norms `[1, floats]`.
    let scratch: FloatMatrix
    private let arena: FloatArena

    init(
        _ configuration: ModelConfiguration, batch: Int, length: Int, attention: CausalAttention,
        kernels: KernelContext
    ) throws(KernelError) {
        let arena = FloatArena()
        let rows = batch * length
        let (dim, hiddenDim) = (configuration.dim, configuration.hiddenDim)
        let queryDim = configuration.nHeads * configuration.headDim
        let keyDim = configuration.nKVHeads * configuration.headDim
        // The logits of a large vocabulary are computed for as many rows at a time as take about 32 MB.
        let logitRows = min(rows, max(1, (8 << 20) / configuration.vocabularySize))
        var blocks: [BlockActivations] = []
        for _ in 0..<configuration.nLayers {
            blocks.append(try BlockActivations(configuration, batch: batch, length: length, in: arena))
        }
        self.blocks = blocks
        last = try arena.matrix(rows: rows, columns: dim)
        normed = try arena.matrix(rows: rows, columns: dim)
        rstd = try arena.matrix(rows: rows, columns: 1)
        logits = try arena.matrix(rows: logitRows, columns: configuration.vocabularySize)
        losses = try arena.matrix(rows: rows, columns: 1)
        dx = try arena.matrix(rows: rows, columns: dim)
        dnormed = try arena.matrix(rows: rows, columns: dim)
        dq = try arena.matrix(rows: rows, columns: queryDim)
        dk = try arena.matrix(rows: rows, columns: keyDim)
        dv = try arena.matrix(rows: rows, columns: keyDim)
        dheads = try arena.matrix(rows: rows, columns: queryDim)
        dgate = try arena.matrix(rows: rows, columns: hiddenDim)
        dup = try arena.matrix(rows: rows, columns: hiddenDim)
        scratch = try arena.matrix(
            rows: 1,
            columns: max(attention.scratchCount(on: kernels), KernelContext.normScratchCount(dim: dim)))
        self.rows = rows
        self.arena = arena
    }
}
