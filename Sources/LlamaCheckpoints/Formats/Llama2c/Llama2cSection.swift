/// A section of a llama2.c `.bin`, after the header.
package enum Llama2cSection: Equatable {
    /// A tensor, row-major, `[out, in]` as in Meta's files, q and k rows in Meta's order.
    case tensor(TensorRole)
    /// The cosines, then the sines, of every position's rotations: twice `[sequenceLength, headDim / 2]`. Written
    /// only: llama2.c recomputes them.
    case rotations

    /// The role of a tensor; nil for the rotations.
    package var role: TensorRole? {
        if case .tensor(let role) = self { role } else { nil }
    }

    /// The order of version 0. Source: `memory_map_weights` in karpathy/llama2.c `run.c`.
    package static func legacy(_ configuration: ModelConfiguration) -> [Llama2cSection] {
        [.tensor(.tokEmbeddings)]
            + layers(configuration, [.attentionNorm, .wq, .wk, .wv, .wo, .ffnNorm, .w1, .w2, .w3])
            + [.tensor(.norm), .rotations] + output(configuration)
    }

    /// The order of versions 1 and 2, norms first. Source: `memory_map_weights` in karpathy/llama2.c `runq.c`.
    package static func current(_ configuration: ModelConfiguration) -> [Llama2cSection] {
        layers(configuration, [.attentionNorm, .ffnNorm]) + [.tensor(.norm), .tensor(.tokEmbeddings)]
            + layers(configuration, [.wq, .wk, .wv, .wo, .w1, .w2, .w3]) + output(configuration)
    }

    /// One role of all layers, then the next role.
    private static func layers(
        _ configuration: ModelConfiguration, _ roles: [TensorRole.LayerRole]
    ) -> [Llama2cSection] {
        roles.flatMap { role in (0..<configuration.nLayers).map { .tensor(.layer($0, role)) } }
    }

    private static func output(_ configuration: ModelConfiguration) -> [Llama2cSection] {
        configuration.tiesEmbeddings ? [] : [.tensor(.output)]
    }
}
