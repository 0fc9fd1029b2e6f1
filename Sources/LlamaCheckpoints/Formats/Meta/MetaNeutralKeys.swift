extension NeutralKey {
    /// Keys of `params.json`.
    ///
    /// Source: `ModelArgs` in llama-models for Llama 3.2's vision and quantized models and for Llama 4, and the files of
    /// Mistral's models in Meta's layout.
    static func meta(contextLength: Int?) -> [NeutralKey] {
        [
            NeutralKey("quantization_args", .off, Reason.quantized),
            NeutralKey("quantization", .off, Reason.quantized),
            NeutralKey("lora_args", .off, "adapters are not supported: merge them into the weights"),
            NeutralKey("moe_args", .off, Reason.experts),
            NeutralKey("moe", .off, Reason.experts),
            NeutralKey("use_qk_norm", .off, Reason.norms),
            NeutralKey("attn_temperature_tuning", .off, Reason.scores),
            NeutralKey("llama_4_scaling", .off, Reason.scores),
            NeutralKey("nope_layer_interval", .off, Reason.rotations),
            NeutralKey("yarn", .off, Reason.scaling),
            NeutralKey("rope_scaling", .off, Reason.scaling),
            NeutralKey("low_freq_factor", .number(1), Reason.lowFrequency),
            NeutralKey("rope_low_freq_factor", .number(1), Reason.lowFrequency),
            NeutralKey("original_max_position_embeddings", .number(8192), Reason.originalLength),
            NeutralKey("attention_chunk_size", .atLeast(contextLength), Reason.positions),
            NeutralKey("attn_chunk_size", .atLeast(contextLength), Reason.positions),
            NeutralKey("sliding_window", .atLeast(contextLength), Reason.positions),
            NeutralKey("causal", .on, Reason.positions),
            NeutralKey("vision_args", .off, Reason.textOnly),
            NeutralKey("vision_encoder", .off, Reason.textOnly),
            NeutralKey("vision_num_cross_attention_layers", .off, Reason.textOnly),
        ]
    }
}

extension NeutralKey.Reason {
    fileprivate static let scaling = "of the scalings of rotations only Llama 3's is read from here"
    fileprivate static let lowFrequency = "Meta's code has no key for it and scales with 1"
    fileprivate static let originalLength = "Meta's code has no key for it and scales from 8192 positions"
}
