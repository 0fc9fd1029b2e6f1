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

    package var temperature: Float?
    package var topK: Int?
    package var topP: Float?
    package var minP: Float?
    package var typicalP: Float?
    package var repetitionPenalty: Float?
    package var frequencyPenalty: Float?
    package var presencePenalty: Float?
    package var logitBias: [Int32: Float]?
    package var badWords: [BadWord]?
    package var seed: UInt64?
    package var maxTokens: Int?
    package var minTokens: Int?
    /// Stop strings.
    package var stop: [String]?
    /// Stop tokens besides the model's.
    package var stopTokenIDs: [Int32]?
    /// Whether the model's own stop tokens do not end a completion.
    package var ignoreEOS: Bool?
    package var n: Int?
    package var bestOf: Int?
    package var beams: Int?
    package var lengthPenalty: Float?
    package var earlyStopping: CandidateOptions.EarlyStopping?
    package var logprobs: Int?
    package var echo: Bool?
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
