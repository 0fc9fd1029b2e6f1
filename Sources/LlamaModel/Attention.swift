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

    /// Adds attention of the normed rows `state.h` to the residual stream `state.x`.
    func callAsFunction(_ state: InferenceState, layer: Int) {
        let (kernels, batch, cache) = (state.kernels, state.batch, state.cache.layer(layer))
        kernels.linear((wq, wk, wv), state.h, count: batch.count, out: (state.q, state.k, state.v))
        kernels.ropeAndStore(state.rope.kernel, batch, q: state.q, k: state.k, v: state.v, cache: cache)
        kernels.attention(state.rope.kernel, batch, q: state.q, out: state.heads, cache: cache)
        kernels.linear(wo, state.heads, count: batch.count, out: state.x, accumulate: true)
    }
}
