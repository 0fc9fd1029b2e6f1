import LlamaKernels

/// SwiGLU feed-forward layer: `w2(silu(w1 x) * w3 x)` (Shazeer 2020).
struct FeedForward: Sendable {
    /// Gate `[hiddenDim, dim]`.
    let w1: Linear
    /// Down `[dim, hiddenDim]`.
    let w2: Linear
    /// Up `[hiddenDim, dim]`.
    let w3: Linear

    /// Adds the layer's output for the normed rows `h [rows, dim]` to the residual stream `x [rows, dim]`.
    func callAsFunction(_ pass: ForwardPass) throws(KernelError) {
        let (kernels, a) = (pass.kernels, pass.activations)
        // gate [rows, hiddenDim] = silu(w1 h) * w3 h
        try kernels.swiGLU(w1: w1, w3: w3, a.h, gate: a.gate, up: a.up)
        // x [rows, dim] += w2 gate
        try kernels.linear(w2, a.gate, out: a.x, accumulate: true)
    }
}
