import LlamaCheckpoints
import LlamaJSON

extension ModelConfiguration {
    /// A value for programs, numbers as numbers; `null` where the checkpoint does not state it.
    func json(_ field: ConfigurationField) -> JSONText {
        switch field {
        case .dim: .int(dim)
        case .nLayers: .int(nLayers)
        case .nHeads: .int(nHeads)
        case .nKVHeads: .int(nKVHeads)
        case .headDim: .int(headDim)
        case .hiddenDim: .int(hiddenDim)
        case .vocabularySize: .int(vocabularySize)
        case .normEpsilon: .float(normEpsilon)
        case .ropeTheta: .double(rope.theta)
        case .ropeScaling: rope.scaling.json
        case .tiesEmbeddings: .bool(tiesEmbeddings)
        case .hasAttentionBias: .bool(hasAttentionBias)
        case .hasFeedForwardBias: .bool(hasFeedForwardBias)
        case .contextLength: contextLength.map { .int($0) } ?? .null
        case .stopTokens:
            stopTokens.isEmpty ? .null : .array(stopTokens.sorted().map { .int(Int($0)) })
        }
    }
}

extension RoPEConfiguration.Scaling {
    /// An object with the kind as `type`, and its numbers.
    fileprivate var json: JSONText {
        switch self {
        case .none: .object([("type", .string("none"))])
        case .linear(let factor): .object([("type", .string("linear")), ("factor", .double(factor))])
        case .factors(let factors):
            .object([("type", .string("factors")), ("factors", .array(factors.map { .float($0) }))])
        case .llama3(let factor, let low, let high, let length):
            .object([
                ("type", .string("llama3")), ("factor", .double(factor)), ("low", .double(low)),
                ("high", .double(high)), ("original_length", .int(length)),
            ])
        }
    }
}
