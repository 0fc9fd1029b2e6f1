/// What a tensor is for. Every format maps its own names to these; the model uses nothing else.
///
/// Case names are Meta's.
package enum TensorRole: Hashable, Sendable {
    /// Token embedding `[vocabularySize, dim]`.
    case tokEmbeddings
    /// Gain of the last RMSNorm `[dim]`.
    case norm
    /// Output head `[vocabularySize, dim]`.
    case output
    /// A tensor of one Transformer block.
    case layer(Int, LayerRole)

    /// The tensors of a Transformer block. Weights are `[out, in]`.
    package enum LayerRole: String, Hashable, Sendable, CaseIterable {
        /// Gain of the RMSNorm before attention `[dim]`.
        case attentionNorm = "attention_norm.weight"
        /// Queries `[nHeads * headDim, dim]`.
        case wq = "attention.wq.weight"
        /// Keys `[nKVHeads * headDim, dim]`.
        case wk = "attention.wk.weight"
        /// Values `[nKVHeads * headDim, dim]`.
        case wv = "attention.wv.weight"
        /// Attention output `[dim, nHeads * headDim]`.
        case wo = "attention.wo.weight"
        /// Bias of ``wq`` `[nHeads * headDim]`.
        case bq = "attention.wq.bias"
        /// Bias of ``wk`` `[nKVHeads * headDim]`.
        case bk = "attention.wk.bias"
        /// Bias of ``wv`` `[nKVHeads * headDim]`.
        case bv = "attention.wv.bias"
        /// Bias of ``wo`` `[dim]`.
        case bo = "attention.wo.bias"
        /// Gain of the RMSNorm before the feed-forward layer `[dim]`.
        case ffnNorm = "ffn_norm.weight"
        /// Gate `[hiddenDim, dim]`.
        case w1 = "feed_forward.w1.weight"
        /// Down projection `[dim, hiddenDim]`.
        case w2 = "feed_forward.w2.weight"
        /// Up projection `[hiddenDim, dim]`.
        case w3 = "feed_forward.w3.weight"
        /// Bias of ``w1`` `[hiddenDim]`.
        case b1 = "feed_forward.w1.bias"
        /// Bias of ``w2`` `[dim]`.
        case b2 = "feed_forward.w2.bias"
        /// Bias of ``w3`` `[hiddenDim]`.
        case b3 = "feed_forward.w3.bias"
    }
}

extension TensorRole {
    /// The roles that a Llama of this configuration has, each exactly once.
    package static func all(of configuration: ModelConfiguration) -> [TensorRole] {
        var roles: [TensorRole] = [.tokEmbeddings, .norm]
        if !configuration.tiesEmbeddings { roles.append(.output) }
        let layerRoles = LayerRole.allCases.filter { role in
            switch role {
            case .bq, .bk, .bv, .bo: configuration.hasAttentionBias
            case .b1, .b2, .b3: configuration.hasFeedForwardBias
            default: true
            }
        }
        for layer in 0..<configuration.nLayers {
            roles += layerRoles.map { .layer(layer, $0) }
        }
        return roles
    }

    /// The shape that `configuration` gives the whole tensor.
    package func shape(in configuration: ModelConfiguration) -> [Int] {
        let (dim, hidden) = (configuration.dim, configuration.hiddenDim)
        let queries = configuration.nHeads * configuration.headDim
        let keys = configuration.nKVHeads * configuration.headDim
        switch self {
        case .tokEmbeddings, .output: return [configuration.vocabularySize, dim]
        case .norm, .layer(_, .attentionNorm), .layer(_, .ffnNorm): return [dim]
        case .layer(_, .wq): return [queries, dim]
        case .layer(_, .wk), .layer(_, .wv): return [keys, dim]
        case .layer(_, .wo): return [dim, queries]
        case .layer(_, .w1), .layer(_, .w3): return [hidden, dim]
        case .layer(_, .w2): return [dim, hidden]
        case .layer(_, .bq): return [queries]
        case .layer(_, .bk), .layer(_, .bv): return [keys]
        case .layer(_, .bo), .layer(_, .b2): return [dim]
        case .layer(_, .b1), .layer(_, .b3): return [hidden]
        }
    }
}
