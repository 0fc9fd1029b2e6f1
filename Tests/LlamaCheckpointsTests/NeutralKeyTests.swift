@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import Testing

/// Keys by which a checkpoint asks for what a Llama does not do: refused, unless their values ask for nothing.
@Suite struct NeutralKeyTests {
    private static let logits = "a Llama does not scale or cap its logits"
    private static let embeddings = "a Llama does not scale its embeddings"
    private static let residuals =
        "a Llama adds a block's output as it is, attention before the feed-forward layer"
    private static let scores = "a Llama divides scores by the root of a head's width and does not cap them"
    private static let clipping = "a Llama does not clip queries, keys and values"
    private static let norms = "a Llama does not norm queries and keys"
    private static let positions = "a Llama attends to all positions up to its own, in every layer"
    private static let rotations = "a Llama rotates all of every head, in every layer alike"
    private static let experts = "mixtures of experts are not supported"
    private static let quantized = "quantized weights are read from GGUF files only"
    private static let textOnly = "only models of text are supported"

    /// A key, its value as the error quotes it, what is expected instead, and why.
    typealias Row = (key: String, value: String, expected: String, reason: String)

    static let config: [Row] = [
        ("quantization_config", #"{"bits":4}"#, "none", quantized),
        ("compression_config", #"{"format":"dense"}"#, "none", quantized),
        ("logits_scaling", "16", "1 or none", logits),
        ("logits_scaling", "\"16\"", "1 or none", logits),
        ("logit_scale", "0.0625", "1 or none", logits),
        ("final_logit_softcapping", "30.0", "0 or none", logits),
        ("embedding_multiplier", "12.0", "1 or none", embeddings),
        ("residual_multiplier", "0.22", "1 or none", residuals),
        ("parallel_attn", "true", "false or none", residuals),
        ("use_parallel_residual", "true", "false or none", residuals),
        ("attention_multiplier", "1.0", "0.5 or none", scores),
        ("query_pre_attn_scalar", "256", "4 or none", scores),
        ("attn_logit_softcapping", "50.0", "0 or none", scores),
        ("attn_temperature_tuning", "true", "false or none", scores),
        ("attn_temperature_tuning", "4", "0 or none", scores),
        ("clip_qkv", "8.0", "0 or none", clipping),
        ("use_qk_norm", "true", "false or none", norms),
        ("qk_layernorm", "true", "false or none", norms),
        ("num_local_experts", "8", "at most 1 or none", experts),
        ("num_experts", "64", "at most 1 or none", experts),
        ("n_routed_experts", "64", "at most 1 or none", experts),
        ("no_rope_layers", "[1,0]", "1 or none", rotations),
        ("alibi", "true", "false or none", rotations),
        ("layer_types", #"["full_attention","sliding_attention"]"#, "full_attention or none", positions),
        ("attention_chunk_size", "32", "at least the context length, 64, or none", positions),
        ("is_causal", "false", "true or none", positions),
        ("use_bidirectional_attention", "true", "false or none", positions),
        ("is_encoder_decoder", "true", "false or none", positions),
        ("add_cross_attention", "true", "false or none", positions),
        ("sliding_window", "63", "at least the context length, 64, or none", positions),
        ("partial_rotary_factor", "0.25", "1 or none", rotations),
    ]

    @Test(arguments: config) func refusesConfig(row: Row) throws {
        let message = try TemporaryFolder.huggingFace(
            TinyModel(), TinyModel().config([row.key: row.value])
        ).message()
        #expect(
            message
                == "DIR/config.json: \(row.key): expected \(row.expected), found \(row.value); \(row.reason)")
    }

    /// What transformers 5 writes for a model whose kinds of layers rotate differently.
    @Test(arguments: ["full_attention", "sliding_attention"]) func refusesRotationsOfSomeLayers(kind: String)
        throws
    {
        let model = TinyModel()
        let parameters = #"{"\#(kind)": {"rope_theta": 1e6}}"#
        let folder = try TemporaryFolder.huggingFace(model, model.config(["rope_parameters": parameters]))
        #expect(
            folder.message()
                == """
                DIR/config.json: rope_parameters.\(kind): expected none, found {"rope_theta":1e6}; \
                a Llama rotates all of every head, in every layer alike
                """)
    }

    static let neutralConfig = [
        ("quantization_config", "null"), ("quantization_config", "{}"), ("logits_scaling", "1"),
        ("logits_scaling", "1.0"), ("logit_scale", "null"), ("final_logit_softcapping", "null"),
        ("final_logit_softcapping", "0"), ("embedding_multiplier", "1.0"), ("residual_multiplier", "1"),
        ("attention_multiplier", "0.5"), ("attention_multiplier", "0.49999999"),
        ("query_pre_attn_scalar", "4"), ("attn_temperature_tuning", "false"), ("clip_qkv", "null"),
        ("use_qk_norm", "false"), ("num_local_experts", "0"), ("num_experts", "1"),
        ("no_rope_layers", "[1, 1]"), ("no_rope_layers", "[]"), ("layer_types", "null"),
        ("layer_types", #"["full_attention", "full_attention"]"#), ("attention_chunk_size", "64"),
        ("is_causal", "true"), ("is_encoder_decoder", "false"), ("sliding_window", "null"),
        ("sliding_window", "64"), ("sliding_window", "4096"), ("partial_rotary_factor", "1.0"),
        ("rope_parameters", #"{"rope_type": "default", "rope_theta": 10000, "partial_rotary_factor": 1}"#),
    ]

    @Test(arguments: neutralConfig) func allowsNeutralConfig(key: String, value: String) throws {
        let configuration = try TemporaryFolder.huggingFace(TinyModel(), TinyModel().config([key: value]))
            .open().configuration
        #expect(try configuration == TemporaryFolder.huggingFace().open().configuration)
    }

    @Test(arguments: [("false", "no error"), ("true", "DIR/config.json: sliding_window")])
    func looksAtAWindowThatIsSwitchedOn(isOn: String, message: String) throws {
        let config = TinyModel().config(["sliding_window": "32", "use_sliding_window": isOn])
        #expect(try TemporaryFolder.huggingFace(TinyModel(), config).message().hasPrefix(message))
    }

    static let params: [Row] = [
        ("quantization_args", #"{"group_size":256}"#, "none", quantized),
        ("quantization", #"{"qformat_weight":"fp8"}"#, "none", quantized),
        ("lora_args", #"{"rank":16}"#, "none", "adapters are not supported: merge them into the weights"),
        ("moe_args", #"{"num_experts":16}"#, "none", experts),
        ("moe", #"{"num_experts":8}"#, "none", experts),
        ("use_qk_norm", "true", "false or none", norms),
        ("attn_temperature_tuning", "true", "false or none", scores),
        ("llama_4_scaling", #"{"beta":0.1}"#, "none", scores),
        ("nope_layer_interval", "4", "0 or none", rotations),
        ("yarn", #"{"factor":16}"#, "none", "of the scalings of rotations only Llama 3's is read from here"),
        ("attention_chunk_size", "8192", "none", positions),
        ("attn_chunk_size", "8192", "none", positions),
        ("sliding_window", "4096", "none", positions),
        ("causal", "false", "true or none", positions),
        ("vision_args", #"{"dim":1408}"#, "none", textOnly),
        ("vision_encoder", #"{"dim":1408}"#, "none", textOnly),
        ("vision_num_cross_attention_layers", "8", "0 or none", textOnly),
    ]

    @Test(arguments: params) func refusesParams(row: Row) throws {
        let message = try TemporaryFolder.meta(TinyModel(), TinyModel().params([row.key: row.value]))
            .message()
        #expect(
            message
                == "DIR/params.json: \(row.key): expected \(row.expected), found \(row.value); \(row.reason)")
    }

    @Test func allowsNeutralParams() throws {
        let params = TinyModel().params([
            "max_seq_len": "64", "quantization_args": "null", "moe": "null", "use_qk_norm": "false",
            "nope_layer_interval": "null", "attention_chunk_size": "64", "sliding_window": "128",
            "yarn": "{}",
            "causal": "true",
        ])
        #expect(try TemporaryFolder.meta(TinyModel(), params).message() == "no error")
    }
}
