/// One layer: attention and feed-forward, each behind a norm and added to the residual stream.
struct TransformerBlock: Sendable {
    let attentionNorm: RMSNorm
    let attention: Attention
    let ffnNorm: RMSNorm
    let feedForward: FeedForward

    /// Runs the block on the rows of `state.batch`, updating `state.x`.
    func callAsFunction(_ state: InferenceState, layer: Int) {
        let count = state.batch.count
        attentionNorm(state.x, count: count, out: state.h, on: state.kernels)
        attention(state, layer: layer)
        ffnNorm(state.x, count: count, out: state.h, on: state.kernels)
        feedForward(state)
    }
}
