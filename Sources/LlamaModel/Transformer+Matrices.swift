import LlamaKernels

/// The matrices that a forward pass multiplies by, for whoever counts their bytes and operations.
extension Transformer {
    /// Those of the Transformer blocks, in the order in which a pass reads them.
    package var blockMatrices: [WeightMatrix] {
        layers.flatMap { layer in
            let (attention, feedForward) = (layer.attention, layer.feedForward)
            return [
                attention.wq, attention.wk, attention.wv, attention.wo, feedForward.w1, feedForward.w3,
                feedForward.w2,
            ].map(\.weight)
        }
    }

    /// The output head, `[vocabularySize, dim]`.
    package var outputMatrix: WeightMatrix { output.weight }
}
