extension NeutralKey {
    /// Keys of `config.json`.
    ///
    /// Source: the configurations of Granite, Cohere, Gemma 2, OLMo, SmolLM3, Llama 4 and Mixtral in transformers.
    static func huggingFace(headDim: Int, contextLength: Int?) -> [NeutralKey] {
        [
            NeutralKey("quantization_config", .off, Reason.quantized),
            NeutralKey("compression_config", .off, Reason.quantized),
            NeutralKey("logits_scaling", .number(1), Reason.logits),
            NeutralKey("logit_scale", .number(1), Reason.logits),
            NeutralKey("final_logit_softcapping", .off, Reason.logits),
            NeutralKey("embedding_multiplier", .number(1), Reason.embeddings),
            NeutralKey("residual_multiplier", .number(1), Reason.residuals),
            NeutralKey("parallel_attn", .off, Reason.residuals),
            NeutralKey("use_parallel_residual", .off, Reason.residuals),
            NeutralKey("attention_multiplier", .number(1 / Double(headDim).squareRoot()), Reason.scores),
            NeutralKey("query_pre_attn_scalar", .number(Double(headDim)), Reason.scores),
            NeutralKey("attn_logit_softcapping", .off, Reason.scores),
            NeutralKey("attn_temperature_tuning", .off, Reason.scores),
            NeutralKey("clip_qkv", .off, Reason.clipping),
            NeutralKey("use_qk_norm", .off, Reason.norms),
            NeutralKey("qk_layernorm", .off, Reason.norms),
            NeutralKey("num_local_experts", .atMost(1), Reason.experts),
            NeutralKey("num_experts", .atMost(1), Reason.experts),
            NeutralKey("n_routed_experts", .atMost(1), Reason.experts),
            NeutralKey("no_rope_layers", .number(1), Reason.rotations),
            NeutralKey("alibi", .off, Reason.rotations),
            NeutralKey("layer_types", .word("full_attention"), Reason.positions),
            NeutralKey("attention_chunk_size", .atLeast(contextLength), Reason.positions),
            NeutralKey("is_causal", .on, Reason.positions),
            NeutralKey("use_bidirectional_attention", .off, Reason.positions),
            NeutralKey("is_encoder_decoder", .off, Reason.positions),
            NeutralKey("add_cross_attention", .off, Reason.positions),
        ]
    }

    /// The key of `config.json` for a window, where the file does not switch it off.
    static func slidingWindow(contextLength: Int?) -> NeutralKey {
        NeutralKey("sliding_window", .atLeast(contextLength), Reason.positions)
    }

    /// Keys of `config.json` at its top level or in its RoPE objects; in the last two, transformers 5 keeps the rotations
    /// of each kind of layer.
    static let huggingFaceRotations = [
        NeutralKey("partial_rotary_factor", .number(1), Reason.rotations),
        NeutralKey("full_attention", .off, Reason.rotations),
        NeutralKey("sliding_attention", .off, Reason.rotations),
    ]
}
