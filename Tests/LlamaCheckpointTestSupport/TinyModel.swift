import LlamaTensors

import LlamaCheckpoints

/// A valid Llama of a few hundred weights, to be written in either layout and then broken.
struct TinyModel {
    var dim = 8
    var nLayers = 2
    var nHeads = 2
    var nKVHeads = 1
    var headDim = 4
    var hiddenDim = 24
    var vocabularySize = 16
    var isTied = false
    var hasAttentionBias = false
    var hasFeedForwardBias = false
    var dtype = DType.float32

    var configuration: ModelConfiguration {
        ModelConfiguration(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads, headDim: headDim,
            hiddenDim: hiddenDim,
            vocabularySize: vocabularySize, normEpsilon: 1e-5,
            rope: RoPEConfiguration(theta: 10000, scaling: .none),
            ropeLayout: .interleaved, tiesEmbeddings: isTied, hasAttentionBias: hasAttentionBias,
            hasFeedForwardBias: hasFeedForwardBias, contextLength: nil, stopTokens: [])
    }

    func tensors(_ naming: TensorNaming) -> [TestTensor] {
        TensorRole.all(of: configuration).map { role in
            TestTensor(naming.name(of: role), dtype, role.shape(in: configuration))
        }
    }

    /// What model-parallel shard `index` of `count` holds of Meta's tensors.
    func shard(_ index: Int, of count: Int, embeddingByRows: Bool = false) -> [TestTensor] {
        tensors(.meta).map { tensor in
            let name = tensor.name
            if name.contains("norm") { return tensor }
            let byColumns = name.hasSuffix("wo.weight") || name.hasSuffix("w2.weight")
            if byColumns || (name.hasPrefix("tok_") && !embeddingByRows) {
                return tensor.columns(index, of: count)
            }
            return tensor.rows(index, of: count)
        }
    }

    /// `params.json`, with members added or replaced (nil removes one).
    func params(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        TinyModel.json(
            [
                ("dim", "\(dim)"), ("n_layers", "\(nLayers)"), ("n_heads", "\(nHeads)"),
                ("n_kv_heads", "\(nKVHeads)"),
                ("vocab_size", "\(vocabularySize)"), ("multiple_of", "4"), ("norm_eps", "1e-05"),
            ], changes)
    }

    /// `config.json`, with members added or replaced (nil removes one).
    func config(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        TinyModel.json(
            [
                ("model_type", "\"llama\""), ("hidden_size", "\(dim)"), ("num_hidden_layers", "\(nLayers)"),
                ("num_attention_heads", "\(nHeads)"), ("num_key_value_heads", "\(nKVHeads)"),
                ("head_dim", "\(headDim)"), ("intermediate_size", "\(hiddenDim)"), ("hidden_act", "\"silu\""),
                ("vocab_size", "\(vocabularySize)"), ("rms_norm_eps", "1e-05"), ("rope_theta", "10000.0"),
                ("attention_bias", "\(hasAttentionBias)"), ("mlp_bias", "\(hasFeedForwardBias)"),
                ("tie_word_embeddings", "\(isTied)"), ("eos_token_id", "2"),
                ("max_position_embeddings", "64"),
            ], changes)
    }

    private static func json(
        _ members: [(String, String)], _ changes: KeyValuePairs<String, String?>
    ) -> String {
        var members = members
        for (key, value) in changes {
            members.removeAll { $0.0 == key }
            if let value { members.append((key, value)) }
        }
        return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }
}
