/// The settings of a request as far as they were given: by flags, in a prompt line, or in `generation_config.json`.
///
/// Nil leaves a setting to what is below it. ``SamplingOptions``, ``CandidateOptions`` and ``GenerationOptions`` document
/// what each means.
package struct GenerationSettings: Sendable, Equatable {
    /// What drafts tokens that are then verified together.
    package enum Speculation: String, Sendable, CaseIterable {
        /// Nothing: one token is computed after another, even where there is a draft model.
        case none
        /// What followed the same tokens earlier in the text, and a draft model where there is one.
        case lookup
    }

    /// Divides the logits; 0 for the likeliest token.
    package var temperature: Float?
    /// Of how many tokens one is drawn; 0 for all.
    package var topK: Int?
    /// The probability of the likeliest tokens that are kept.
    package var topP: Float?
    /// The least probability relative to the likeliest token.
    package var minP: Float?
    /// The probability of the most typical tokens that are kept.
    package var typicalP: Float?
    /// Divides the logits of tokens of prompt and completion.
    package var repetitionPenalty: Float?
    /// Subtracted for every time that the completion contains a token.
    package var frequencyPenalty: Float?
    /// Subtracted where the completion contains a token.
    package var presencePenalty: Float?
    /// Added to the logits of tokens.
    package var logitBias: [Int32: Float]?
    /// What the completion never contains.
    package var badWords: [BadWord]?
    /// Of the random numbers.
    package var seed: UInt64?
    /// Most tokens of a completion.
    package var maxTokens: Int?
    /// Tokens before which no stop token ends a completion.
    package var minTokens: Int?
    /// Stop strings.
    package var stop: [String]?
    /// Stop tokens besides the model's.
    package var stopTokenIDs: [Int32]?
    /// Whether the model's own stop tokens do not end a completion.
    package var ignoreEOS: Bool?
    /// Completions that are returned.
    package var n: Int?
    /// Completions that are sampled.
    package var bestOf: Int?
    /// Width of the beam search.
    package var beams: Int?
    /// The power of the length that divides the score of a beam.
    package var lengthPenalty: Float?
    /// When a beam search ends.
    package var earlyStopping: CandidateOptions.EarlyStopping?
    /// How many of the likeliest tokens are reported.
    package var logprobs: Int?
    /// Whether log-probabilities of the prompt are reported too, and the prompt is printed.
    package var echo: Bool?
    /// What drafts tokens.
    package var speculation: Speculation?
    /// Most tokens drafted at a time; 8 where speculation is all that is asked for.
    package var draftTokens: Int?

    /// Nothing given.
    package init() {}

    /// Whether nothing is given.
    package var isEmpty: Bool { self == GenerationSettings() }

    /// Whether there is text that needs a tokenizer.
    package var hasText: Bool {
        stop?.isEmpty == false
            || badWords?.contains { if case .text = $0 { true } else { false } } == true
    }

    /// These settings, with those in `other` in their place.
    package func overridden(by other: GenerationSettings) -> GenerationSettings {
        var result = self
        func take<Value>(_ setting: WritableKeyPath<GenerationSettings, Value?>) {
            if let value = other[keyPath: setting] { result[keyPath: setting] = value }
        }
        for number in [
            \.temperature, \.topP, \.minP, \.typicalP, \.repetitionPenalty, \.frequencyPenalty,
            \.presencePenalty, \.lengthPenalty,
        ] as [WritableKeyPath<GenerationSettings, Float?>] { take(number) }
        for count in [
            \.topK, \.maxTokens, \.minTokens, \.n, \.bestOf, \.beams, \.logprobs, \.draftTokens,
        ] as [WritableKeyPath<GenerationSettings, Int?>] { take(count) }
        take(\.logitBias)
        take(\.badWords)
        take(\.seed)
        take(\.stop)
        take(\.stopTokenIDs)
        take(\.ignoreEOS)
        take(\.earlyStopping)
        take(\.echo)
        take(\.speculation)
        return result
    }
}
