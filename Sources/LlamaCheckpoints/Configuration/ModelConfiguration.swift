/// The shape of a Llama, independent of the file it was read from. Immutable.
///
/// Names follow Meta's `params.json`.
package struct ModelConfiguration: Sendable, Equatable {
    /// Width of the residual stream.
    package let dim: Int
    /// Number of Transformer blocks.
    package let nLayers: Int
    /// Number of query heads.
    package let nHeads: Int
    /// Number of key and value heads; divides ``nHeads``.
    package let nKVHeads: Int
    /// Width of one head. Even; not always `dim / nHeads`.
    package let headDim: Int
    /// Width of the feed-forward layer.
    package let hiddenDim: Int
    /// Number of token ids.
    package let vocabularySize: Int
    /// Added to the mean square before the root.
    package let normEpsilon: Float
    /// How positions become rotations.
    package let rope: RoPEConfiguration
    /// Which elements of a head's q and k rows form a rotated pair.
    package let ropeLayout: RoPELayout
    /// Whether the output head is the token embedding.
    package let tiesEmbeddings: Bool
    /// Whether wq, wk, wv and wo carry a bias (Hugging Face `attention_bias`).
    package let hasAttentionBias: Bool
    /// Whether w1, w2 and w3 carry a bias (Hugging Face `mlp_bias`).
    package let hasFeedForwardBias: Bool
    /// Longest sequence the model was trained for, where the checkpoint states it.
    package let contextLength: Int?
    /// Ids that end a text, by the checkpoint's own configuration.
    package let stopTokens: Set<Int32>

    /// A Llama of this shape, in Meta's layout.
    ///
    /// - Parameters:
    ///   - vocabularySize: Number of token ids.
    ///   - contextLength: Longest sequence it is trained for.
    package init(
        dim: Int, nLayers: Int, nHeads: Int, nKVHeads: Int, hiddenDim: Int, vocabularySize: Int,
        normEpsilon: Float,
        ropeTheta: Double, contextLength: Int
    ) {
        self.init(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads, headDim: dim / nHeads,
            hiddenDim: hiddenDim,
            vocabularySize: vocabularySize, normEpsilon: normEpsilon,
            rope: RoPEConfiguration(theta: ropeTheta, scaling: .none), ropeLayout: .interleaved,
            tiesEmbeddings: false,
            hasAttentionBias: false, hasFeedForwardBias: false, contextLength: contextLength, stopTokens: [])
    }

    /// A Llama of this shape.
    package init(
        dim: Int, nLayers: Int, nHeads: Int, nKVHeads: Int, headDim: Int, hiddenDim: Int, vocabularySize: Int,
        normEpsilon: Float, rope: RoPEConfiguration, ropeLayout: RoPELayout, tiesEmbeddings: Bool,
        hasAttentionBias: Bool, hasFeedForwardBias: Bool, contextLength: Int?, stopTokens: Set<Int32>
    ) {
        self.dim = dim
        self.nLayers = nLayers
        self.nHeads = nHeads
        self.nKVHeads = nKVHeads
        self.headDim = headDim
        self.hiddenDim = hiddenDim
        self.vocabularySize = vocabularySize
        self.normEpsilon = normEpsilon
        self.rope = rope
        self.ropeLayout = ropeLayout
        self.tiesEmbeddings = tiesEmbeddings
        self.hasAttentionBias = hasAttentionBias
        self.hasFeedForwardBias = hasFeedForwardBias
        self.contextLength = contextLength
        self.stopTokens = stopTokens
    }

    /// Number of tokens of every Llama 3.
    static let llama3VocabularySize = 128_256

    /// Whether a model is Llama 3.2 1B or 3B, which scale rotations by 32 and tie the output head to the embedding. Meta's
    /// files do not say so; only the shape does: Llama 3's vocabulary, and narrower than any other Llama 3.
    package static func isSmallLlama32(dim: Int, vocabularySize: Int) -> Bool {
        vocabularySize == llama3VocabularySize && dim < 4096
    }

    /// Width of the feed-forward layer by Meta's rules.
    ///
    /// Source: `FeedForward.__init__` in Meta's `llama/model.py`.
    package static func hiddenDim(dim: Int, multipleOf: Int, multiplier: Double? = nil) -> Int {
        var hidden = 2 * (4 * dim) / 3
        if let multiplier { hidden = Int(multiplier * Double(hidden)) }
        return multipleOf * ((hidden + multipleOf - 1) / multipleOf)
    }

    /// How many query heads share one key-value head (Meta's `n_rep`).
    package var repeats: Int { nHeads / nKVHeads }

    /// Number of weights, embeddings included.
    package var parameterCount: Int {
        let attention = dim * headDim * (2 * nHeads + 2 * nKVHeads)
        let block = attention + 3 * dim * hiddenDim + 2 * dim
        return nLayers * block + dim + vocabularySize * dim * (tiesEmbeddings ? 1 : 2)
    }
}

/// Which elements of a head are rotated together.
package enum RoPELayout: Sendable {
    /// Neighbors (2i, 2i + 1), as in Meta's checkpoints and GGUF.
    case interleaved
    /// The two halves (i, i + headDim / 2), as in Hugging Face checkpoints.
    case halves
}
