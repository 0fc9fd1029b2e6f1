extension NeutralKey {
    private static let logits = "a Llama does not scale or cap its logits"
    private static let embeddings = "a Llama does not scale its embeddings"
    private static let residuals = "a Llama adds a block's output as it is, one part after the other"
    private static let scores = "a Llama divides scores by the root of a head's width and does not cap them"
    private static let clipping = "a Llama does not clip queries, keys and values"
    private static let norms = "a Llama does not norm queries and keys"
    private static let positions = "a Llama attends to all positions up to its own, in every layer"
    private static let rotations = "a Llama rotates all of every head, in every layer alike"
    private static let experts = "mixtures of experts are not supported"
    private static let quantized = "quantized weights are read from GGUF files only"
    private static let textOnly = "only models of text are supported"

    /// Keys of `config.json`.
    ///
    /// Source: the configurations of Granite, Cohere, Gemma 2, OLMo, SmolLM3, Llama 4 and Mixtral in transformers.
    static func huggingFace(headDim: Int, contextLength: Int?) -> [NeutralKey] {
        [
            NeutralKey("quantization_config", .off, quantized),
            NeutralKey("compression_config", .off, quantized),
            NeutralKey("logits_scaling", .number(1), logits),
            NeutralKey("logit_scale", .number(1), logits),
            NeutralKey("final_logit_softcapping", .off, logits),
            NeutralKey("embedding_multiplier", .number(1), embeddings),
            NeutralKey("residual_multiplier", .number(1), residuals),
            NeutralKey("parallel_attn", .off, residuals),
            NeutralKey("use_parallel_residual", .off, residuals),
            NeutralKey("attention_multiplier", .number(1 / Double(headDim).squareRoot()), scores),
            NeutralKey("query_pre_attn_scalar", .number(Double(headDim)), scores),
            NeutralKey("attn_logit_softcapping", .off, scores),
            NeutralKey("attn_temperature_tuning", .off, scores),
            NeutralKey("clip_qkv", .off, clipping),
            NeutralKey("use_qk_norm", .off, norms),
            NeutralKey("qk_layernorm", .off, norms),
            NeutralKey("num_local_experts", .atMost(1), experts),
            NeutralKey("num_experts", .atMost(1), experts),
            NeutralKey("n_routed_experts", .atMost(1), experts),
            NeutralKey("no_rope_layers", .number(1), rotations),
            NeutralKey("alibi", .off, rotations),
            NeutralKey("layer_types", .word("full_attention"), positions),
            NeutralKey("attention_chunk_size", .atLeast(contextLength), positions),
            NeutralKey("is_causal", .on, positions),
            NeutralKey("use_bidirectional_attention", .off, positions),
            NeutralKey("is_encoder_decoder", .off, positions),
            NeutralKey("add_cross_attention", .off, positions),
        ]
    }

    /// The key of `config.json` for a window, where the file does not switch it off.
    static func slidingWindow(contextLength: Int?) -> NeutralKey {
        NeutralKey("sliding_window", .atLeast(contextLength), positions)
    }

    /// Keys of `config.json` that stand in it or in what it says of the rotations; the last two hold what transformers 5
    /// says of the kinds of layers.
    static let huggingFaceRotations = [
        NeutralKey("partial_rotary_factor", .number(1), rotations),
        NeutralKey("full_attention", .off, rotations),
        NeutralKey("sliding_attention", .off, rotations),
    ]

    /// Keys of `params.json`.
    ///
    /// Source: `ModelArgs` in llama-models for Llama 3.2's vision and quantized models and for Llama 4, and the files of
    /// Mistral's models in Meta's layout.
    static func meta(contextLength: Int?) -> [NeutralKey] {
        [
            NeutralKey("quantization_args", .off, quantized),
            NeutralKey("quantization", .off, quantized),
            NeutralKey("lora_args", .off, "adapters are not supported: merge them into the weights"),
            NeutralKey("moe_args", .off, experts),
            NeutralKey("moe", .off, experts),
            NeutralKey("use_qk_norm", .off, norms),
            NeutralKey("attn_temperature_tuning", .off, scores),
            NeutralKey("llama_4_scaling", .off, scores),
            NeutralKey("nope_layer_interval", .off, rotations),
            NeutralKey("yarn", .off, "of the scalings of rotations only Llama 3's is read from here"),
            NeutralKey("attention_chunk_size", .atLeast(contextLength), positions),
            NeutralKey("attn_chunk_size", .atLeast(contextLength), positions),
            NeutralKey("sliding_window", .atLeast(contextLength), positions),
            NeutralKey("causal", .on, positions),
            NeutralKey("vision_args", .off, textOnly),
            NeutralKey("vision_encoder", .off, textOnly),
            NeutralKey("vision_num_cross_attention_layers", .off, textOnly),
        ]
    }

    /// Keys of a GGUF file, without the family before them.
    ///
    /// Source: `LLM_KV_NAMES` in llama.cpp's `llama-arch.cpp`; a scale of 0 is one that is not set there.
    static func gguf(dim: Int, headDim: Int, contextLength: Int?) -> [NeutralKey] {
        [
            NeutralKey("expert_count", .off, experts),
            NeutralKey("logit_scale", .numberOrZero(1), logits),
            NeutralKey("final_logit_softcapping", .off, logits),
            NeutralKey("embedding_scale", .numberOrZero(1), embeddings),
            NeutralKey("embedding_length_out", .numberOrZero(Double(dim)), embeddings),
            NeutralKey("residual_scale", .numberOrZero(1), residuals),
            NeutralKey("use_parallel_residual", .off, residuals),
            NeutralKey("attention.scale", .numberOrZero(1 / Double(headDim).squareRoot()), scores),
            NeutralKey("attention.output_scale", .numberOrZero(1), scores),
            NeutralKey("attention.temperature_scale", .off, scores),
            NeutralKey("attn_logit_softcapping", .off, scores),
            NeutralKey("attention.clamp_kqv", .off, clipping),
            NeutralKey("attention.max_alibi_bias", .off, rotations),
            NeutralKey("rope.scaling.attn_factor", .number(1), rotations),
            NeutralKey("rope.scaling.yarn_attn_factor", .number(1), rotations),
            NeutralKey("rope.scaling.yarn_ext_factor", .off, rotations),
            NeutralKey("rope.scaling.yarn_log_multiplier", .off, rotations),
            NeutralKey("rope.scaling.alpha", .numberOrZero(1), rotations),
            NeutralKey("attention.causal", .on, positions),
            NeutralKey("attention.sliding_window", .atLeast(contextLength), positions),
            NeutralKey("attention.shared_kv_layers", .off, positions),
        ]
    }
}
