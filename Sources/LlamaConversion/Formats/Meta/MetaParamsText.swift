import LlamaCheckpoints
import LlamaJSON

/// Meta's `params.json` of a model.
struct MetaParamsText {
    private let configuration: ModelConfiguration
    private let multipleOf: Int?

    /// - Parameter multipleOf: The rounding by which the width of the feed-forward layer follows from `dim`; nil to
    ///   derive one from the width.
    init(_ configuration: ModelConfiguration, multipleOf: Int? = nil) {
        (self.configuration, self.multipleOf) = (configuration, multipleOf)
    }

    /// The file's text.
    var text: String { JSONText.object(members).serialized + "\n" }

    private var members: [(String, JSONText)] {
        var members: [(String, JSONText)] = [
            ("dim", .int(configuration.dim)), ("n_layers", .int(configuration.nLayers)),
            ("n_heads", .int(configuration.nHeads)), ("n_kv_heads", .int(configuration.nKVHeads)),
            ("vocab_size", .int(configuration.vocabularySize)),
        ]
        let width = multipleOf.map { (multipleOf: $0, multiplier: nil) } ?? Self.width(configuration)
        if let multiplier = width.multiplier { members.append(("ffn_dim_multiplier", .double(multiplier))) }
        members += [
            ("multiple_of", .int(width.multipleOf)), ("norm_eps", .float(configuration.normEpsilon)),
            ("rope_theta", .double(configuration.rope.theta)),
        ]
        if case .llama3(let factor, _, let high, _) = configuration.rope.scaling {
            members.append(("use_scaled_rope", .bool(true)))
            // Readers recognize Llama 3.2 1B and 3B by their shape and assume 32.
            let isSmall = ModelConfiguration.isSmallLlama32(
                dim: configuration.dim, vocabularySize: configuration.vocabularySize)
            // Both or none: where one is missing, `ModelArgs` in Meta's `models/llama4/args.py` assumes Llama 4's.
            if factor != (isSmall ? 32 : 8) || high != 4 {
                members.append(("rope_scaling_factor", .double(factor)))
                members.append(("rope_high_freq_factor", .double(high)))
            }
        }
        if let length = configuration.contextLength { members.append(("max_seq_len", .int(length))) }
        return members
    }

    /// `multiple_of` and `ffn_dim_multiplier` from which the width of the feed-forward layer follows.
    ///
    /// Meta's files have a power of two from 256 up and a multiplier with one decimal; this chooses the nearest to that.
    static func width(_ configuration: ModelConfiguration) -> (multipleOf: Int, multiplier: Double?) {
        let (dim, hidden) = (configuration.dim, configuration.hiddenDim)
        let multiples = [256, 1024, 4096, 512, 2048, 128, 64, 32, 16, 8, 4, 2, 1].filter(
            hidden.isMultiple(of:))
        func fits(_ multiple: Int, _ multiplier: Double?) -> Bool {
            ModelConfiguration.hiddenDim(dim: dim, multipleOf: multiple, multiplier: multiplier) == hidden
        }
        if let multiple = multiples.first(where: { fits($0, nil) }) { return (multiple, nil) }
        let exact = Double(hidden) / Double(2 * (4 * dim) / 3)
        for digits in [10.0, 100, 1000, 1e6] {
            let multiplier = (exact * digits).rounded() / digits
            if multiplier > 0, let multiple = multiples.first(where: { fits($0, multiplier) }) {
                return (multiple, multiplier)
            }
        }
        return (multiples.last ?? 1, fits(multiples.last ?? 1, exact) ? exact : exact.nextUp)
    }
}
