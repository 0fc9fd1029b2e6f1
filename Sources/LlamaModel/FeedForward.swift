import LlamaKernels

/// SwiGLU feed-forward layer: `w2(silu(w1 x) * w3 x)` (Shazeer 2020).
struct FeedForward: Sendable {
    /// Gate `[hiddenDim, dim]`.
    let w1: Linear
    /// Down `[dim, hiddenDim]`.
    let w2: Linear
    /// Up `[hiddenDim, dim]`.
    let w3: Linear

    /// Adds the layer's output for the normed rows `state.h` to the residual stream `state.x`.
    func callAsFunction(_ state: InferenceState) {
        let (kernels, count) = (state.kernels, state.batch.count)
        kernels.swiGLU(w1: w1, w3: w3, state.h, count: count, gate: state.gate, up: state.up)
        kernels.linear(w2, state.gate, count: count, out: state.x, accumulate: true)
    }
}
