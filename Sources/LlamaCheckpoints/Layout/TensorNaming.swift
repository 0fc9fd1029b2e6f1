/// How a family of checkpoints names its tensors. Each format's folder defines its own.
package struct TensorNaming: Sendable {
    /// What a tensor's name means.
    package enum Meaning {
        case role(TensorRole)
        /// A table that this package computes instead: `rope.freqs`, `rotary_emb.inv_freq`, `rope_freqs.weight`.
        case derived
        case unknown
    }

    /// Whose names they are, such as `Hugging Face`.
    package let title: String
    /// The q and k row order that goes with the names.
    package let ropeLayout: RoPELayout
    private let tokEmbeddings: String
    private let norm: String
    private let output: String
    /// What comes before the number of a block.
    private let layerPrefix: String
    /// The rest of a block tensor's name, by role.
    private let layerName: @Sendable (TensorRole.LayerRole) -> String
    private let layerRoles: [String: TensorRole.LayerRole]
    /// Names of tables that are computed here instead.
    private let derived: Set<String>

    /// - Parameters:
    ///   - layerPrefix: What comes before the number of a block.
    ///   - derived: Names of tables that are computed here instead.
    ///   - layerName: The rest of a block tensor's name, after the number and a dot.
    init(
        title: String, ropeLayout: RoPELayout, tokEmbeddings: String, norm: String, output: String,
        layerPrefix: String, derived: Set<String> = [],
        layerName: @escaping @Sendable (TensorRole.LayerRole) -> String
    ) {
        (self.title, self.ropeLayout) = (title, ropeLayout)
        (self.tokEmbeddings, self.norm, self.output) = (tokEmbeddings, norm, output)
        (self.layerPrefix, self.derived, self.layerName) = (layerPrefix, derived, layerName)
        layerRoles = Dictionary(
            TensorRole.LayerRole.allCases.map { (layerName($0), $0) }, uniquingKeysWith: { first, _ in first }
        )
    }

    /// What a name means.
    package func meaning(of name: String) -> Meaning {
        switch name {
        case tokEmbeddings: return .role(.tokEmbeddings)
        case norm: return .role(.norm)
        case output: return .role(.output)
        default: break
        }
        if name == "rope.freqs" || name.hasSuffix("rotary_emb.inv_freq") || derived.contains(name) {
            return .derived
        }
        guard name.hasPrefix(layerPrefix) else { return .unknown }
        let rest = name.dropFirst(layerPrefix.count).split(separator: ".", maxSplits: 1)
        guard rest.count == 2, let layer = Int(rest[0]), layer >= 0, String(layer) == rest[0],
            let role = layerRoles[String(rest[1])]
        else { return .unknown }
        return .role(.layer(layer, role))
    }

    /// The name that this family gives a role.
    package func name(of role: TensorRole) -> String {
        switch role {
        case .tokEmbeddings: tokEmbeddings
        case .norm: norm
        case .output: output
        case .layer(let layer, let role): "\(layerPrefix)\(layer).\(layerName(role))"
        }
    }
}

extension TensorNaming: Equatable {
    /// Whether both are the names of one family.
    package static func == (first: TensorNaming, second: TensorNaming) -> Bool { first.title == second.title }
}
