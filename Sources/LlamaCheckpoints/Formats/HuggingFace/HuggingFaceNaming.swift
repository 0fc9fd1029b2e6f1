extension TensorNaming {
    /// `model.layers.0.self_attn.q_proj.weight`, as in Hugging Face repositories.
    ///
    /// Source: `modeling_llama.py` in transformers.
    package static let huggingFace = TensorNaming(
        title: "Hugging Face", ropeLayout: .halves, tokEmbeddings: "model.embed_tokens.weight",
        norm: "model.norm.weight", output: "lm_head.weight", layerPrefix: "model.layers.",
        layerName: { role in
            switch role {
            case .attentionNorm: "input_layernorm.weight"
            case .wq: "self_attn.q_proj.weight"
            case .wk: "self_attn.k_proj.weight"
            case .wv: "self_attn.v_proj.weight"
            case .wo: "self_attn.o_proj.weight"
            case .bq: "self_attn.q_proj.bias"
            case .bk: "self_attn.k_proj.bias"
            case .bv: "self_attn.v_proj.bias"
            case .bo: "self_attn.o_proj.bias"
            case .ffnNorm: "post_attention_layernorm.weight"
            case .w1: "mlp.gate_proj.weight"
            case .w2: "mlp.down_proj.weight"
            case .w3: "mlp.up_proj.weight"
            case .b1: "mlp.gate_proj.bias"
            case .b2: "mlp.down_proj.bias"
            case .b3: "mlp.up_proj.bias"
            }
        })
}
