import LlamaCheckpoints
import LlamaKernels

/// What one Transformer block keeps of a forward pass for the backward pass. `rows` is batch times length.
struct BlockActivations {
    /// Input `[rows, dim]`.
    let x: FloatMatrix
    /// Normed input of attention `[rows, dim]`.
    let attentionNormed: FloatMatrix
    /// `1 / rms` of attention's input `[rows, 1]`.
    let attentionRstd: FloatMatrix
    /// Rotated queries `[rows, nHeads * headDim]`.
    let q: FloatMatrix
    /// Rotated keys `[rows, nKVHeads * headDim]`.
    let k: FloatMatrix
    /// Values `[rows, nKVHeads * headDim]`.
    let v: FloatMatrix
    /// Output of all heads `[rows, nHeads * headDim]`.
    let heads: FloatMatrix
    /// Normalizers of the softmax `[batch * nHeads, length]`.
    let lse: FloatMatrix
    /// Residual stream between attention and feed-forward `[rows, dim]`.
    let middle: FloatMatrix
    /// Normed input of the feed-forward layer `[rows, dim]`.
    let ffnNormed: FloatMatrix
    /// `1 / rms` of the feed-forward layer's input `[rows, 1]`.
    let ffnRstd: FloatMatrix
    /// `w1 h` `[rows, hiddenDim]`.
    let gate: FloatMatrix
    /// `w3 h` `[rows, hiddenDim]`.
    let up: FloatMatrix
    /// `silu(w1 h) * w3 h` `[rows, hiddenDim]`.
    let hidden: FloatMatrix

    init(
        _ configuration: ModelConfiguration, batch: Int, length: Int, in arena: FloatArena
    ) throws(KernelError) {
        let (rows, dim, hiddenDim) = (batch * length, configuration.dim, configuration.hiddenDim)
        let queryDim = configuration.nHeads * configuration.headDim
        let keyDim = configuration.nKVHeads * configuration.headDim
        x = try arena.matrix(rows: rows, columns: dim)
        attentionNormed = try arena.matrix(rows: rows, columns: dim)
        attentionRstd = try arena.matrix(rows: rows, columns: 1)
        q = try arena.matrix(rows: rows, columns: queryDim)
        k = try arena.matrix(rows: rows, columns: keyDim)
        v = try arena.matrix(rows: rows, columns: keyDim)
        heads = try arena.matrix(rows: rows, columns: queryDim)
        lse = try arena.matrix(rows: batch * configuration.nHeads, columns: length)
        middle = try arena.matrix(rows: rows, columns: dim)
        ffnNormed = try arena.matrix(rows: rows, columns: dim)
        ffnRstd = try arena.matrix(rows: rows, columns: 1)
        gate = try arena.matrix(rows: rows, columns: hiddenDim)
        up = try arena.matrix(rows: rows, columns: hiddenDim)
        hidden = try arena.matrix(rows: rows, columns: hiddenDim)
    }
}
