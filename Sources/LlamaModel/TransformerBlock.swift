import LlamaKernels

/// One layer: attention and feed-forward, each behind a norm and added to the residual stream.
struct TransformerBlock: Sendable {
    let attentionNorm: RMSNorm
    let attention: Attention
    let ffnNorm: RMSNorm
    let feedForward: FeedForward

    /// Runs the block on the rows of the batch, updating the residual stream `x [rows, dim]`.
    func callAsFunction(_ pass: ForwardPass, _ cache: CacheLayer) throws(KernelError) {
        let a = pass.activations
        try attentionNorm(a.x, out: a.h, on: pass.kernels)
        try attention(pass, cache)
        try ffnNorm(a.x, out: a.h, on: pass.kernels)
        try feedForward(pass)
    }
}
