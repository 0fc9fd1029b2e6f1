internal import LlamaCheckpoints

/// The shape of a model, under the names of Meta's `params.json`.
public struct ModelShape: Sendable, Equatable {
    /// Width of the residual stream.
    public let dim: Int
    /// Number of Transformer blocks.
    public let nLayers: Int
    /// Number of query heads.
    public let nHeads: Int
    /// Number of key and value heads.
    public let nKVHeads: Int
    /// Width of one head.
    public let headDim: Int
    /// Width of the feed-forward layer.
    public let hiddenDim: Int
    /// Number of token ids.
    public let vocabularySize: Int
    /// Longest sequence, in tokens, that the model was made for; nil where the checkpoint does not say.
    public let contextLength: Int?
    /// Number of weights, embeddings included.
    public let parameterCount: Int

    init(_ configuration: ModelConfiguration) {
        dim = configuration.dim
        nLayers = configuration.nLayers
        nHeads = configuration.nHeads
        nKVHeads = configuration.nKVHeads
        headDim = configuration.headDim
        hiddenDim = configuration.hiddenDim
        vocabularySize = configuration.vocabularySize
        contextLength = configuration.contextLength
        parameterCount = configuration.parameterCount
    }
}
