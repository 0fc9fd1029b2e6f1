/// How a family of checkpoints names its tensors.
package enum TensorNaming: String, Sendable {
    /// `layers.0.attention.wq.weight`, as in Meta's `consolidated` files.
    case meta = "Meta"
    /// `model.layers.0.self_attn.q_proj.weight`, as in Hugging Face repositories.
    case huggingFace = "Hugging Face"
    /// `blk.0.attn_q.weight`, as in GGUF files.
    case gguf = "GGUF"

    /// What a name stands for.
    package enum Meaning {
        case role(TensorRole)
        /// A table that is computed here instead: `rope.freqs`, `rotary_emb.inv_freq`, `rope_freqs.weight`.
        case derived
        case unknown
    }

    /// The factors by which a GGUF file divides frequencies `[headDim / 2]`.
    package static let ropeFactors = "rope_freqs.weight"

    /// The q and k row order that goes with the names.
    package var ropeLayout: RoPELayout {
        switch self {
        case .meta, .gguf: .interleaved
        case .huggingFace: .halves
        }
    }

    /// Tells the family from a file's tensor names, or nil where they are of neither Meta nor Hugging Face.
    ///
    /// GGUF's names are those of GGUF files, so the format says it.
    package static func recognise(_ names: some Sequence<String>) -> TensorNaming? {
        for name in names {
            if case .role = TensorNaming.meta.meaning(of: name) { return .meta }
            if case .role = TensorNaming.huggingFace.meaning(of: name) { return .huggingFace }
        }
        return nil
    }

    package func meaning(of name: String) -> Meaning {
        if let role = topLevel[name] { return .role(role) }
        if name == "rope.freqs" || name.hasSuffix("rotary_emb.inv_freq") { return .derived }
        if self == .gguf, name == TensorNaming.ropeFactors { return .derived }
        guard name.hasPrefix(layerPrefix) else { return .unknown }
        let rest = name.dropFirst(layerPrefix.count).split(separator: ".", maxSplits: 1)
        guard rest.count == 2, let layer = Int(rest[0]), layer >= 0, String(layer) == rest[0],
            let role = layerRole(String(rest[1]))
        else { return .unknown }
        return .role(.layer(layer, role))
    }

    /// The name that this family gives a role.
    package func name(of role: TensorRole) -> String {
        switch role {
        case .layer(let layer, let role): return "\(layerPrefix)\(layer).\(layerName(role))"
        default: return topLevel.first { $0.value == role }?.key ?? ""
        }
    }

    private var topLevel: [String: TensorRole] {
        switch self {
        case .meta: TensorNaming.metaTopLevel
        case .huggingFace: TensorNaming.huggingFaceTopLevel
        case .gguf: TensorNaming.ggufTopLevel
        }
    }

    private static let metaTopLevel: [String: TensorRole] = [
        "tok_embeddings.weight": .tokEmbeddings, "norm.weight": .norm, "output.weight": .output,
    ]
    private static let huggingFaceTopLevel: [String: TensorRole] = [
        "model.embed_tokens.weight": .tokEmbeddings, "model.norm.weight": .norm, "lm_head.weight": .output,
    ]

    private static let ggufTopLevel: [String: TensorRole] = [
        "token_embd.weight": .tokEmbeddings, "output_norm.weight": .norm, "output.weight": .output,
    ]

    private var layerPrefix: String {
        switch self {
        case .meta: "layers."
        case .huggingFace: "model.layers."
        case .gguf: "blk."
        }
    }

    private func layerRole(_ name: String) -> TensorRole.LayerRole? {
        switch self {
        case .meta: TensorRole.LayerRole(rawValue: name)
        case .huggingFace, .gguf: TensorRole.LayerRole.allCases.first { layerName($0) == name }
        }
    }

    private func layerName(_ role: TensorRole.LayerRole) -> String {
        switch self {
        case .meta: role.rawValue
        case .huggingFace: TensorNaming.huggingFaceLayerName(role)
        case .gguf: TensorNaming.ggufLayerName(role)
        }
    }

    private static func huggingFaceLayerName(_ role: TensorRole.LayerRole) -> String {
        switch role {
        case .attentionNorm: return "input_layernorm.weight"
        case .wq: return "self_attn.q_proj.weight"
        case .wk: return "self_attn.k_proj.weight"
        case .wv: return "self_attn.v_proj.weight"
        case .wo: return "self_attn.o_proj.weight"
        case .bq: return "self_attn.q_proj.bias"
        case .bk: return "self_attn.k_proj.bias"
        case .bv: return "self_attn.v_proj.bias"
        case .bo: return "self_attn.o_proj.bias"
        case .ffnNorm: return "post_attention_layernorm.weight"
        case .w1: return "mlp.gate_proj.weight"
        case .w2: return "mlp.down_proj.weight"
        case .w3: return "mlp.up_proj.weight"
        case .b1: return "mlp.gate_proj.bias"
        case .b2: return "mlp.down_proj.bias"
        case .b3: return "mlp.up_proj.bias"
        }
    }

    private static func ggufLayerName(_ role: TensorRole.LayerRole) -> String {
        switch role {
        case .attentionNorm: return "attn_norm.weight"
        case .wq: return "attn_q.weight"
        case .wk: return "attn_k.weight"
        case .wv: return "attn_v.weight"
        case .wo: return "attn_output.weight"
        case .bq: return "attn_q.bias"
        case .bk: return "attn_k.bias"
        case .bv: return "attn_v.bias"
        case .bo: return "attn_output.bias"
        case .ffnNorm: return "ffn_norm.weight"
        case .w1: return "ffn_gate.weight"
        case .w2: return "ffn_down.weight"
        case .w3: return "ffn_up.weight"
        case .b1: return "ffn_gate.bias"
        case .b2: return "ffn_down.bias"
        case .b3: return "ffn_up.bias"
        }
    }
}
