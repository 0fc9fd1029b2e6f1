extension GGUFConfiguration {
    /// Where each value of the configuration that was read came from.
    func sources(of configuration: ModelConfiguration) -> [ConfigurationSource] {
        ConfigurationField.allCases.map { configuration.source($0, source(of: $0)) }
    }

    private func source(of field: ConfigurationField) -> String {
        switch field {
        case .dim: key("llama.embedding_length")
        case .nLayers: key("llama.block_count")
        case .nHeads: key("llama.attention.head_count")
        case .nKVHeads: key("llama.attention.head_count_kv", otherwise: "default: attention.head_count")
        case .headDim: key("llama.attention.key_length", otherwise: "default: embedding_length / head_count")
        case .hiddenDim: key("llama.feed_forward_length")
        case .vocabularySize: key("llama.vocab_size", otherwise: "number of tokenizer.ggml.tokens")
        case .normEpsilon: key("llama.attention.layer_norm_rms_epsilon")
        case .ropeTheta:
            key(Self.ownPrefix + "rope.theta", otherwise: key("llama.rope.freq_base", otherwise: "default"))
        case .ropeScaling:
            tensors[TensorNaming.ropeFactors] != nil
                ? TensorNaming.ropeFactors : key("llama.rope.scaling.type", otherwise: "default")
        case .tiesEmbeddings: tensors["output.weight"] == nil ? "no output.weight" : "output.weight"
        case .hasAttentionBias: tensor("blk.0.attn_q.bias")
        case .hasFeedForwardBias: tensor("blk.0.ffn_gate.bias")
        case .contextLength: key("llama.context_length", otherwise: "nowhere")
        case .stopTokens: key("tokenizer.ggml.eos_token_id", otherwise: "nowhere")
        }
    }

    private func key(_ key: String, otherwise: String = "default") -> String {
        metadata.contains(key) ? key : otherwise
    }

    private func tensor(_ name: String) -> String { tensors[name] == nil ? "no \(name)" : name }
}
