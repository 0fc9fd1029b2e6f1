import LlamaKernels

/// Grouped-query causal self-attention with rotary positions over a key-value cache.
struct Attention: Sendable {
    /// Queries `[nHeads * headDim, dim]`.
    let wq: Linear
    /// Keys `[nKVHeads * headDim, dim]`.
    let wk: Linear
    /// Values `[nKVHeads * headDim, dim]`.
    let wv: Linear
    /// Output `[dim, nHeads * headDim]`.
    let wo: Linear

    /// Adds attention of the normed rows `h [rows, dim]` to the residual stream `x [rows, dim]`.
    func callAsFunction(_ pass: ForwardPass, _ cache: CacheLayer) throws(KernelError) {
        let (kernels, batch, a) = (pass.kernels, pass.batch, pass.activations)
        // q [rows, nHeads * headDim], k and v [rows, nKVHeads * headDim]
        try kernels.linear((wq, wk, wv), a.h, out: (a.q, a.k, a.v))
        // q rotated in place; k, rotated, and v go to the cache [slots, nKVHeads, positions, headDim]
        try kernels.ropeAndStore(pass.attention, batch, q: a.q, k: a.k, v: a.v, cache: cache)
        // heads [rows, nHeads * headDim] = softmax(q · keys / sqrt(headDim)) · values, over positions up to the row's
        try kernels.attention(pass.attention, batch, q: a.q, out: a.heads, cache: cache)
        // x [rows, dim] += wo heads
        try kernels.linear(wo, a.heads, out: a.x, accumulate: true)
    }
}
