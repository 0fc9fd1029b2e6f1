/// How the tokens of one completion are chosen; every value is named as in transformers, vLLM and OpenAI's API.
///
/// ``LogitsProcessors`` and ``Warpers`` document what each does, and in which order.
package struct SamplingOptions: Sendable, Equatable {
    /// Divides the logits; 0 always picks the likeliest token.
    package var temperature: Float = 0.6
    /// Only the tokens at least as likely as the k-th likeliest are kept; 0 keeps every token.
    package var topK = 0
    /// Only the likeliest tokens that together have this probability are kept; 1 keeps every token.
    package var topP: Float = 0.9
    /// Only tokens at least this likely, relative to the likeliest one, are kept; 0 keeps every token.
    package var minP: Float = 0
    /// Only the tokens whose information content is closest to the entropy, and that together have this probability,
    /// are kept (Meister et al. 2022); 1 keeps every token.
    package var typicalP: Float = 1
    /// Divides the positive logits of all tokens of prompt and completion, multiplies the negative ones (Keskar et al.
    /// 2019); 1 changes nothing, more discourages repetition.
    package var repetitionPenalty: Float = 1
    /// Subtracted from a token's logit for every time that the completion contains it.
    package var frequencyPenalty: Float = 0
    /// Subtracted once from the logit of every token that the completion contains.
    package var presencePenalty: Float = 0
    /// Added to the logits of these tokens.
    package var logitBias: [Int32: Float] = [:]
    /// Sequences of tokens that the completion never contains, not even where they begin in the prompt.
    package var badWords: [[Int32]] = []
    /// Stop tokens are impossible before the completion has this many tokens.
    package var minTokens = 0
    /// Selects the stream of random numbers.
    package var seed: UInt64 = 0

    /// The defaults of Meta's own examples: temperature 0.6, top-p 0.9, nothing else.
    package init() {}

    /// Checks every value, and the values against each other.
    ///
    /// - Parameters:
    ///   - maxTokens: Most tokens that the completion may have.
    ///   - vocabularySize: Ids must be below it.
    /// - Throws: ``OptionError`` for the first value that cannot be used.
    package func validate(maxTokens: Int, vocabularySize: Int) throws(OptionError) {
        try OptionError.require(
            temperature.isFinite && temperature >= 0, .temperature, "a number from 0 on", "\(temperature)")
        try OptionError.require(topK >= 0, .topK, "0 (off) or more", "\(topK)")
        try OptionError.require(topP > 0 && topP <= 1, .topP, "above 0, at most 1", "\(topP)")
        try OptionError.require(minP >= 0 && minP <= 1, .minP, "a number from 0 to 1", "\(minP)")
        try OptionError.require(
            typicalP > 0 && typicalP <= 1, .typicalP, "above 0, at most 1", "\(typicalP)")
        try OptionError.require(
            repetitionPenalty.isFinite && repetitionPenalty > 0, .repetitionPenalty, "a number above 0",
            "\(repetitionPenalty)")
        for (option, penalty) in [
            (OptionError.Option.frequencyPenalty, frequencyPenalty), (.presencePenalty, presencePenalty),
        ] {
            try OptionError.require(
                penalty >= -2 && penalty <= 2, option, "a number from -2 to 2", "\(penalty)")
        }
        try OptionError.require(
            minTokens >= 0 && minTokens <= maxTokens, .minTokens, "0 to \(maxTokens), the most tokens",
            "\(minTokens)")
        try validateTokens(vocabularySize: vocabularySize)
    }

    private func validateTokens(vocabularySize: Int) throws(OptionError) {
        func require(_ id: Int32, _ option: OptionError.Option) throws(OptionError) {
            try OptionError.require(
                id >= 0 && Int(id) < vocabularySize, option, "token ids from 0 to \(vocabularySize - 1)",
                "\(id)")
        }
        // In the order of ids, so that the same error is reported every time.
        for (id, bias) in logitBias.sorted(by: { $0.key < $1.key }) {
            try require(id, .logitBias)
            try OptionError.require(
                bias >= -100 && bias <= 100, .logitBias, "numbers from -100 to 100", "\(bias) for token \(id)"
            )
        }
        for (index, word) in badWords.enumerated() {
            try OptionError.require(
                !word.isEmpty, .badWords, "at least one token each", "none in entry \(index)")
            for id in word { try require(id, .badWords) }
        }
    }
}
