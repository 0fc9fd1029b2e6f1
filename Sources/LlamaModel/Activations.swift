import LlamaCheckpoints
import LlamaKernels

/// The activations of a forward pass, one row per token.
struct Activations {
    /// Residual stream `[rows, dim]`.
    let x: FloatMatrix
    /// Normed input of a layer `[rows, dim]`.
    let h: FloatMatrix
    /// Queries `[rows, nHeads * headDim]`.
    let q: FloatMatrix
    /// Keys `[rows, nKVHeads * headDim]`.
    let k: FloatMatrix
    /// Values `[rows, nKVHeads * headDim]`.
    let v: FloatMatrix
    /// Attention output of all heads `[rows, nHeads * headDim]`.
    let heads: FloatMatrix
    /// `silu(w1 h) * w3 h` `[rows, hiddenDim]`.
    let gate: FloatMatrix
    /// `w3 h` `[rows, hiddenDim]`.
    let up: FloatMatrix

    /// Room for `rows` rows, owned by the arena.
    init(_ configuration: ModelConfiguration, rows: Int, in arena: FloatArena) throws(KernelError) {
        let queryDim = configuration.nHeads * configuration.headDim
        let keyDim = configuration.nKVHeads * configuration.headDim
        x = try arena.matrix(rows: rows, columns: configuration.dim)
        h = try arena.matrix(rows: rows, columns: configuration.dim)
        q = try arena.matrix(rows: rows, columns: queryDim)
        k = try arena.matrix(rows: rows, columns: keyDim)
        v = try arena.matrix(rows: rows, columns: keyDim)
        heads = try arena.matrix(rows: rows, columns: queryDim)
        gate = try arena.matrix(rows: rows, columns: configuration.hiddenDim)
        up = try arena.matrix(rows: rows, columns: configuration.hiddenDim)
    }

    /// The first rows of each.
    init(_ all: Activations, prefix rows: Int) throws(KernelError) {
        x = try all.x.prefix(rows)
        h = try all.h.prefix(rows)
        q = try all.q.prefix(rows)
        k = try all.k.prefix(rows)
        v = try all.v.prefix(rows)
        heads = try all.heads.prefix(rows)
        gate = try all.gate.prefix(rows)
        up = try all.up.prefix(rows)
    }
}
