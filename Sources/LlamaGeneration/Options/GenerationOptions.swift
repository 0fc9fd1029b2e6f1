/// How one prompt is completed.
package struct GenerationOptions: Sendable {
    /// Most tokens to generate for a prompt; 0 only evaluates the prompt.
    package var maxGenerationLength = 128
    /// Most tokens of prompt and completion together.
    package var maxSequenceLength: Int
    /// How tokens are chosen.
    package var sampling = SamplingOptions()
    /// How many completions a prompt gets, and whether they are sampled or searched for.
    package var candidates = CandidateOptions()
    /// Texts that end a completion and are not included in it.
    package var stopStrings: [String] = []
    /// Ids that end a completion and are not included in it.
    package var stopTokens: Set<Int32> = []
    /// How many of the likeliest tokens to report the log-probabilities of at each position; nil for no report.
    package var logprobs: Int?
    /// Whether log-probabilities are reported for the prompt too.
    package var echo = false
    /// Most tokens drafted from what the text repeats, to be verified in one pass; 0 for none. It changes no text.
    package var lookupDrafts = 0
    /// Most tokens drafted by the engine's draft model, if it has one, where nothing repeats; likewise.
    package var modelDrafts = 0

    /// - Parameter maxSequenceLength: Most tokens of prompt and completion together.
    package init(maxSequenceLength: Int) { self.maxSequenceLength = maxSequenceLength }

    /// Checks every value, and the values against each other.
    ///
    /// - Parameters:
    ///   - vocabularySize: Ids must be below it.
    ///   - hasTokenizer: Whether there is text in which stop strings can be found.
    /// - Throws: ``OptionError`` for the first value that cannot be used.
    package func validate(vocabularySize: Int, hasTokenizer: Bool) throws(OptionError) {
        try sampling.validate(maxTokens: max(0, maxGenerationLength), vocabularySize: vocabularySize)
        try candidates.validate(sampling)
        for (index, stop) in stopStrings.enumerated() {
            try OptionError.require(!stop.isEmpty, .stop, "text", "none in entry \(index)")
        }
        guard let first = stopStrings.first else { return }
        try OptionError.require(
            hasTokenizer, .stop, "none without a tokenizer", "\"\(first)\"")
        try OptionError.require(candidates.beams == 1, .stop, "none with beams", "\"\(first)\"")
    }
}
