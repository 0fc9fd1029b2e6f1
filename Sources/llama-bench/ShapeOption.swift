import ArgumentParser
import LlamaCheckpoints

/// A model whose shape is measured with random weights.
enum ShapeOption: String, ExpressibleByArgument, CaseIterable {
    case stories260K
    case stories15M
    case stories110M
    case tinyllama
    case llama2_7b = "llama2-7b"
    case llama2_13b = "llama2-13b"
    case llama3_8b = "llama3-8b"
    case llama32_1b = "llama3.2-1b"
    case llama32_3b = "llama3.2-3b"

    /// The published configuration, in Meta's row order, without a limit on the context.
    ///
    /// Source: `params.json` or `config.json` of each; `doc/stories260K.md` and `train.py` of llama2.c.
    var configuration: ModelConfiguration {
        switch self {
        case .stories260K: Self.make(64, layers: 5, heads: 8, keyHeads: 4, hidden: 172, vocabulary: 512)
        case .stories15M: Self.make(288, layers: 6, heads: 6, keyHeads: 6, hidden: 768, isTied: true)
        case .stories110M: Self.make(768, layers: 12, heads: 12, keyHeads: 12, hidden: 2048, isTied: true)
        case .tinyllama: Self.make(2048, layers: 22, heads: 32, keyHeads: 4, hidden: 5632)
        case .llama2_7b: Self.make(4096, layers: 32, heads: 32, keyHeads: 32, hidden: 11008)
        case .llama2_13b: Self.make(5120, layers: 40, heads: 40, keyHeads: 40, hidden: 13824)
        case .llama3_8b:
            Self.make(
                4096, layers: 32, heads: 32, keyHeads: 8, hidden: 14336, vocabulary: 128_256,
                rope: Self.llama3)
        case .llama32_1b:
            Self.make(
                2048, layers: 16, heads: 32, keyHeads: 8, hidden: 8192, vocabulary: 128_256, isTied: true,
                rope: Self.llama32)
        case .llama32_3b:
            Self.make(
                3072, layers: 28, heads: 24, keyHeads: 8, hidden: 8192, vocabulary: 128_256, isTied: true,
                rope: Self.llama32)
        }
    }

    private static let llama2 = RoPEConfiguration(theta: 10_000, scaling: .none)
    private static let llama3 = RoPEConfiguration(theta: 500_000, scaling: .none)
    private static let llama32 = RoPEConfiguration(
        theta: 500_000,
        scaling: .llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192))

    private static func make(
        _ dim: Int, layers: Int, heads: Int, keyHeads: Int, hidden: Int, vocabulary: Int = 32_000,
        isTied: Bool = false, rope: RoPEConfiguration = llama2
    ) -> ModelConfiguration {
        ModelConfiguration(
            dim: dim, nLayers: layers, nHeads: heads, nKVHeads: keyHeads, headDim: dim / heads,
            hiddenDim: hidden, vocabularySize: vocabulary, normEpsilon: 1e-5, rope: rope,
            ropeLayout: .interleaved, tiesEmbeddings: isTied, hasAttentionBias: false,
            hasFeedForwardBias: false, contextLength: nil, stopTokens: [])
    }
}
