extension TensorNaming {
    /// The factors by which a GGUF file divides frequencies `[headDim / 2]`.
    package static let ropeFactors = "rope_freqs.weight"

    /// `blk.0.attn_q.weight`, as in GGUF files.
    ///
    /// Source: `LLM_TENSOR_NAMES` in llama.cpp's `llama-arch.cpp`.
    package static let gguf = TensorNaming(
        title: "GGUF", ropeLayout: .interleaved, tokEmbeddings: "token_embd.weight",
        norm: "output_norm.weight", output: "output.weight", layerPrefix: "blk.", derived: [ropeFactors],
        layerName: { role in
            switch role {
            case .attentionNorm: "attn_norm.weight"
            case .wq: "attn_q.weight"
            case .wk: "attn_k.weight"
            case .wv: "attn_v.weight"
            case .wo: "attn_output.weight"
            case .bq: "attn_q.bias"
            case .bk: "attn_k.bias"
            case .bv: "attn_v.bias"
            case .bo: "attn_output.bias"
            case .ffnNorm: "ffn_norm.weight"
            case .w1: "ffn_gate.weight"
            case .w2: "ffn_down.weight"
            case .w3: "ffn_up.weight"
            case .b1: "ffn_gate.bias"
            case .b2: "ffn_down.bias"
            case .b3: "ffn_up.bias"
            }
        })
}
