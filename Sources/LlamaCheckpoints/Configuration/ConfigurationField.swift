/// The values of a ``ModelConfiguration`` that define the model, by name. The storage order of its q and k rows is not
/// one of them.
package enum ConfigurationField: String, Sendable, CaseIterable {
    /// Width of the residual stream.
    case dim
    /// Number of Transformer blocks.
    case nLayers
    /// Number of query heads.
    case nHeads
    /// Number of key and value heads.
    case nKVHeads
    /// Width of one head.
    case headDim
    /// Width of the feed-forward layer.
    case hiddenDim
    /// Number of token ids.
    case vocabularySize
    /// What the norms add to the mean square.
    case normEpsilon
    /// Base of the rotations.
    case ropeTheta = "rope.theta"
    /// How the rotations are scaled.
    case ropeScaling = "rope.scaling"
    /// Whether the output head is the token embedding.
    case tiesEmbeddings
    /// Whether attention has biases.
    case hasAttentionBias
    /// Whether the feed-forward layer has biases.
    case hasFeedForwardBias
    /// Longest sequence it was trained for.
    case contextLength
    /// Ids that end a text.
    case stopTokens
}

extension ModelConfiguration {
    /// A value as text, the same text for the same value; nil where the checkpoint does not state it.
    package func text(of field: ConfigurationField) -> String? {
        switch field {
        case .dim: "\(dim)"
        case .nLayers: "\(nLayers)"
        case .nHeads: "\(nHeads)"
        case .nKVHeads: "\(nKVHeads)"
        case .headDim: "\(headDim)"
        case .hiddenDim: "\(hiddenDim)"
        case .vocabularySize: "\(vocabularySize)"
        case .normEpsilon: "\(normEpsilon)"
        case .ropeTheta: "\(rope.theta)"
        case .ropeScaling: rope.scaling.description
        case .tiesEmbeddings: "\(tiesEmbeddings)"
        case .hasAttentionBias: "\(hasAttentionBias)"
        case .hasFeedForwardBias: "\(hasFeedForwardBias)"
        case .contextLength: contextLength.map { "\($0)" }
        case .stopTokens:
            stopTokens.isEmpty ? nil : stopTokens.sorted().map { "\($0)" }.joined(separator: " ")
        }
    }

    /// A value and where it came from.
    func source(_ field: ConfigurationField, _ source: String) -> ConfigurationSource {
        ConfigurationSource(field.rawValue, text(of: field) ?? "unknown", source)
    }
}

extension RoPEConfiguration.Scaling: CustomStringConvertible {
    /// The kind and its numbers on one line.
    package var description: String {
        switch self {
        case .none: "none"
        case .linear(let factor): "linear, factor \(factor)"
        case .factors(let factors): "\(factors.count) factors, one for each frequency"
        case .llama3(let factor, let low, let high, let length):
            "llama3, factor \(factor), low \(low), high \(high), original length \(length)"
        }
    }
}
