import LlamaCheckpoints

/// Which Llama a configuration belongs to, and the evidence for it.
package struct ModelFamily: Sendable, Equatable {
    /// Such as `Llama 3.1 8B`; `Llama-like` for a model that is not Meta's.
    package let name: String
    /// The facts that decided it, in words.
    package let evidence: [String]
    /// The name without the size, such as `Llama 3.1`.
    let series: String
    /// The longest sequence that models of the series were trained for; nil for a model that is not Meta's.
    let contextLength: Int?

    /// A model that Meta has released.
    ///
    /// Source: the `params.json` of each; sizes as in the papers.
    private struct Release {
        let family: String
        let size: String
        let dim: Int
        let nLayers: Int
        let nHeads: Int
        let nKVHeads: Int
        let hiddenDim: Int
        let generation: Generation

        init(_ family: String, _ size: String, _ shape: (Int, Int, Int, Int, Int), _ generation: Generation) {
            (self.family, self.size, self.generation) = (family, size, generation)
            (dim, nLayers, nHeads, nKVHeads, hiddenDim) = shape
        }

        func matches(_ configuration: ModelConfiguration) -> Bool {
            (dim, nLayers, nHeads, nKVHeads, hiddenDim)
                == (
                    configuration.dim, configuration.nLayers, configuration.nHeads, configuration.nKVHeads,
                    configuration.hiddenDim
                )
        }
    }

    /// The generation, by vocabulary and rotations.
    private enum Generation {
        case sentencePiece
        case llama3
        case llama31
        case llama32

        init?(_ configuration: ModelConfiguration) {
            switch (configuration.vocabularySize, configuration.rope.theta, configuration.rope.scaling) {
            case (32000, 10000, .none): self = .sentencePiece
            case (128_256, 500_000, .none): self = .llama3
            case (128_256, 500_000, .llama3(8, 1, 4, 8192)): self = .llama31
            case (128_256, 500_000, .llama3(32, 1, 4, 8192)): self = .llama32
            default: return nil
            }
        }
    }

    private static let releases = [
        Release("Llama 1 or 2", "7B", (4096, 32, 32, 32, 11008), .sentencePiece),
        Release("Llama 1 or 2", "13B", (5120, 40, 40, 40, 13824), .sentencePiece),
        Release("Llama 1", "30B", (6656, 60, 52, 52, 17920), .sentencePiece),
        Release("Llama 1", "65B", (8192, 80, 64, 64, 22016), .sentencePiece),
        Release("Llama 2", "70B", (8192, 80, 64, 8, 28672), .sentencePiece),
        Release("Llama 3", "8B", (4096, 32, 32, 8, 14336), .llama3),
        Release("Llama 3", "70B", (8192, 80, 64, 8, 28672), .llama3),
        Release("Llama 3.1", "8B", (4096, 32, 32, 8, 14336), .llama31),
        Release("Llama 3.1 or 3.3", "70B", (8192, 80, 64, 8, 28672), .llama31),
        Release("Llama 3.1", "405B", (16384, 126, 128, 8, 53248), .llama31),
        Release("Llama 3.2", "1B", (2048, 16, 32, 8, 8192), .llama32),
        Release("Llama 3.2", "3B", (3072, 28, 24, 8, 8192), .llama32),
    ]

    /// Decides by the vocabulary, the rotations, the widths and heads, and last by the context length or the norms'
    /// epsilon.
    init(_ configuration: ModelConfiguration) {
        let generation = Generation(configuration)
        let release = ModelFamily.releases.first {
            $0.generation == generation && $0.matches(configuration)
        }
        let facts = ModelFamily.facts(configuration)
        guard let release else {
            (name, series, contextLength) = ("Llama-like", "Llama-like", nil)
            let widths = ModelFamily.releases.contains { $0.matches(configuration) }
            evidence =
                facts + [
                    generation == nil
                        ? "no Llama has this vocabulary with these rotations"
                        : widths
                            ? "no Llama has these widths with these rotations" : "no Llama has these widths"
                ]
            return
        }
        if release.family == "Llama 1 or 2" {
            let (number, fact) = ModelFamily.firstOrSecond(configuration)
            (series, evidence) = ("Llama \(number)", facts + [fact])
        } else {
            (series, evidence) = (release.family, facts)
        }
        name = "\(series) \(release.size)"
        contextLength =
            switch release.generation {
            case .sentencePiece: series == "Llama 2" ? 4096 : 2048
            case .llama3: 8192
            case .llama31, .llama32: 131_072
            }
    }

    private static func facts(_ configuration: ModelConfiguration) -> [String] {
        let sharing =
            configuration.repeats == 1
            ? "no grouped queries" : "\(configuration.repeats) query heads to a key-value head"
        return [
            "vocabulary of \(configuration.vocabularySize)",
            "RoPE theta \(configuration.rope.theta), scaling \(configuration.rope.scaling)",
            "dim \(configuration.dim), \(configuration.nLayers) layers, hidden \(configuration.hiddenDim), "
                + "\(configuration.nHeads) heads",
            sharing,
        ]
    }

    /// Llama 1 and 2 have the same 7B and 13B shapes; only the context, or the epsilon of Meta's file, differs.
    private static func firstOrSecond(_ configuration: ModelConfiguration) -> (String, String) {
        switch configuration.contextLength {
        case 2048: ("1", "context of 2048")
        case 4096: ("2", "context of 4096")
        default:
            configuration.normEpsilon == 1e-6
                ? ("1", "norm epsilon 1e-06, as in Llama 1")
                : configuration.normEpsilon == 1e-5
                    ? ("2", "norm epsilon 1e-05, as in Llama 2") : ("1 or 2", "nothing tells them apart")
        }
    }
}
