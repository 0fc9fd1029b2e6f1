import LlamaCheckpoints
import LlamaJSON
import LlamaTensors

/// Hugging Face's `config.json` and `generation_config.json` of a model.
///
/// Source: `LlamaConfig` in transformers; RoPE in the keys that versions before and after 5 read.
struct HuggingFaceConfigText {
    private let configuration: ModelConfiguration
    private let dtype: DType
    private let tokens: SpecialTokenIDs

    init(_ configuration: ModelConfiguration, dtype: DType, tokens: SpecialTokenIDs) {
        (self.configuration, self.dtype, self.tokens) = (configuration, dtype, tokens)
    }

    /// `config.json`.
    var config: JSONText {
        var members: [(String, JSONText)] = [
            ("architectures", .array([.string("LlamaForCausalLM")])), ("model_type", .string("llama")),
            ("attention_bias", .bool(configuration.hasAttentionBias)), ("attention_dropout", .double(0)),
            ("mlp_bias", .bool(configuration.hasFeedForwardBias)), ("head_dim", .int(configuration.headDim)),
            ("hidden_act", .string("silu")), ("hidden_size", .int(configuration.dim)),
            ("initializer_range", .double(0.02)), ("intermediate_size", .int(configuration.hiddenDim)),
            ("max_position_embeddings", .int(contextLength)),
            ("num_attention_heads", .int(configuration.nHeads)),
            ("num_hidden_layers", .int(configuration.nLayers)),
            ("num_key_value_heads", .int(configuration.nKVHeads)),
            ("pretraining_tp", .int(1)), ("rms_norm_eps", .float(configuration.normEpsilon)),
            ("rope_scaling", scaling.map { .object($0) } ?? .null),
            ("rope_theta", .double(configuration.rope.theta)),
            ("tie_word_embeddings", .bool(configuration.tiesEmbeddings)), ("torch_dtype", .string(dtypeName)),
            ("use_cache", .bool(true)), ("vocab_size", .int(configuration.vocabularySize)),
        ]
        members += allTokens.members
        return .object(members)
    }

    /// The ids of the tokenizer, and those that the model's configuration states.
    private var allTokens: SpecialTokenIDs {
        var all = tokens
        all.stops += configuration.stopTokens.subtracting(tokens.stops).sorted()
        return all
    }

    /// `generation_config.json`; nil where no token is known.
    var generation: [UInt8]? { allTokens.isEmpty ? nil : allTokens.generationConfigFile }

    /// The source's `config.json` with the changes of a conversion; everything else is kept, known to this program or
    /// not.
    ///
    /// - Parameter original: the model as it was read.
    func revised(_ path: String, from original: ModelConfiguration) throws(CheckpointError) -> JSONText {
        let reader = try ConfigurationReader(path)
        var members = try reader.members()
        func set(_ key: String, _ value: JSONText) {
            if let index = members.firstIndex(where: { $0.0 == key }) {
                members[index].1 = value
            } else {
                members.append((key, value))
            }
        }
        // transformers 5 and later write `dtype`.
        set(members.contains { $0.0 == "dtype" } ? "dtype" : "torch_dtype", .string(dtypeName))
        if try reader.flag("tie_word_embeddings") != configuration.tiesEmbeddings {
            set("tie_word_embeddings", .bool(configuration.tiesEmbeddings))
        }
        if let length = configuration.contextLength, original.contextLength != length {
            set("max_position_embeddings", .int(length))
        }
        return .object(members)
    }

    private var contextLength: Int {
        configuration.contextLength ?? AssumedContextLength(configuration).length
    }

    private var scaling: [(String, JSONText)]? {
        switch configuration.rope.scaling {
        case .none, .factors: nil
        case .linear(let factor):
            [("rope_type", .string("linear")), ("type", .string("linear")), ("factor", .double(factor))]
        case .llama3(let factor, let low, let high, let length):
            [
                ("factor", .double(factor)), ("high_freq_factor", .double(high)),
                ("low_freq_factor", .double(low)),
                ("original_max_position_embeddings", .int(length)), ("rope_type", .string("llama3")),
            ]
        }
    }

    private var dtypeName: String {
        switch dtype {
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        default: "float32"
        }
    }
}
