extension TensorNaming {
    /// `layers.0.attention.wq.weight`, as in Meta's `consolidated` files.
    ///
    /// Source: the modules of Meta's `llama/model.py`; ``TensorRole/LayerRole`` has these names as raw values.
    package static let meta = TensorNaming(
        title: "Meta", ropeLayout: .interleaved, tokEmbeddings: "tok_embeddings.weight", norm: "norm.weight",
        output: "output.weight", layerPrefix: "layers.", layerName: \.rawValue)
}
