/// How a family of checkpoints names its tensors.
public enum TensorNaming: String, Sendable {
    /// `layers.0.attention.wq.weight`, as in Meta's `consolidated` files.
    case meta = "Meta"
    /// `model.layers.0.self_attn.q_proj.weight`, as in Hugging Face repositories.
    case huggingFace = "Hugging Face"

    /// What a name stands for.
    enum Meaning {
        case role(TensorRole)
        /// A table that is computed here instead: `rope.freqs`, `rotary_emb.inv_freq`.
        case derived
        case unknown
    }

    /// The q and k row order that goes with the names.
    var ropeLayout: RoPELayout {
        switch self {
        case .meta: .interleaved
        case .huggingFace: .halves
        }
    }

    /// Tells the family from a file's tensor names, or nil where they are of neither.
    static func recognise(_ names: some Sequence<String>) -> TensorNaming? {
        for name in names {
            if case .role = TensorNaming.meta.meaning(of: name) { return .meta }
            if case .role = TensorNaming.huggingFace.meaning(of: name) { return .huggingFace }
        }
        return nil
    }

    func meaning(of name: String) -> Meaning {
        if let role = topLevel[name] { return .role(role) }
        if name == "rope.freqs" || name.hasSuffix("rotary_emb.inv_freq") { return .derived }
        guard name.hasPrefix(layerPrefix) else { return .unknown }
        let rest = name.dropFirst(layerPrefix.count).split(separator: ".", maxSplits: 1)
        guard rest.count == 2, let layer = Int(rest[0]), layer >= 0, String(layer) == rest[0],
            let role = layerRole(String(rest[1]))
        else { return .unknown }
        return .role(.layer(layer, role))
    }

    /// The name that this family gives a role.
    public func name(of role: TensorRole) -> String {
        switch role {
        case .layer(let layer, let role): return "\(layerPrefix)\(layer).\(layerName(role))"
        default: return topLevel.first { $0.value == role }?.key ?? ""
        }
    }

    private var topLevel: [String: TensorRole] {
        switch self {
        case .meta: TensorNaming.metaTopLevel
        case .huggingFace: TensorNaming.huggingFaceTopLevel
        }
    }

    private static let metaTopLevel: [String: TensorRole] = [
        "tok_embeddings.weight": .tokEmbeddings, "norm.weight": .norm, "output.weight": .output,
    ]
    private static let huggingFaceTopLevel: [String: TensorRole] = [
        "model.embed_tokens.weight": .tokEmbeddings, "model.norm.weight": .norm, "lm_head.weight": .output,
    ]

    private var layerPrefix: String {
        switch self {
        case .meta: "layers."
        case .huggingFace: "model.layers."
        }
    }

    private func layerRole(_ name: String) -> TensorRole.LayerRole? {
        switch self {
        case .meta: TensorRole.LayerRole(rawValue: name)
        case .huggingFace: TensorRole.LayerRole.allCases.first { layerName($0) == name }
        }
    }

    private func layerName(_ role: TensorRole.LayerRole) -> String {
        guard self == .huggingFace else { return role.rawValue }
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
}
