/// What follows the header of a llama2.c `.bin`, piece by piece.
package enum Llama2cPart: Equatable {
    /// A tensor, row-major, `[out, in]` as in Meta's files, q and k rows in Meta's order.
    case tensor(TensorRole)
    /// The cosines, then the sines, of every position's rotations: twice `[sequenceLength, headDim / 2]`. Only
    /// written: llama2.c computes them anew.
    case rotations

    /// The order of version 0. Source: `memory_map_weights` in karpathy/llama2.c `run.c`.
    package static func legacy(_ configuration: ModelConfiguration) -> [Llama2cPart] {
        [.tensor(.tokEmbeddings)]
            + layers(configuration, [.attentionNorm, .wq, .wk, .wv, .wo, .ffnNorm, .w1, .w2, .w3])
            + [.tensor(.norm), .rotations] + output(configuration)
    }

    /// The order of versions 1 and 2, norms first. Source: `memory_map_weights` in karpathy/llama2.c `runq.c`.
    package static func current(_ configuration: ModelConfiguration) -> [Llama2cPart] {
        layers(configuration, [.attentionNorm, .ffnNorm]) + [.tensor(.norm), .tensor(.tokEmbeddings)]
            + layers(configuration, [.wq, .wk, .wv, .wo, .w1, .w2, .w3]) + output(configuration)
    }

    /// Each role of all layers before the next.
    private static func layers(
        _ configuration: ModelConfiguration, _ roles: [TensorRole.LayerRole]
    ) -> [Llama2cPart] {
        roles.flatMap { role in (0..<configuration.nLayers).map { .tensor(.layer($0, role)) } }
    }

    private static func output(_ configuration: ModelConfiguration) -> [Llama2cPart] {
        configuration.tiesEmbeddings ? [] : [.tensor(.output)]
    }
}
