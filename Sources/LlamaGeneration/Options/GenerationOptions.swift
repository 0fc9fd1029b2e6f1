import LlamaTokenizers

/// How one prompt is completed.
package struct GenerationOptions: Sendable {
    /// Most tokens to generate for a prompt; 0 generates none, and only scores the prompt where that is asked for.
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
        for drafts in [lookupDrafts, modelDrafts] {
            try OptionError.require(
                (0...Self.mostDrafts).contains(drafts), .draftTokens, "1 to \(Self.mostDrafts)", "\(drafts)")
        }
        try validateLogprobs()
        try validateStops(vocabularySize: vocabularySize, hasTokenizer: hasTokenizer)
    }

    /// Checks that no stop string is longer than the longest completion, so that it could never end one.
    ///
    /// - Parameter tokenizer: Nil where there is no text.
    /// - Throws: ``OptionError`` for a stop string that is.
    package func validateStopLengths(_ tokenizer: (any Tokenizer)?) throws(OptionError) {
        let room = min(maxGenerationLength, maxSequenceLength)
        guard let tokenizer, room > 0, let longest = stopStrings.map(\.utf8.count).max(), longest > room
        else { return }
        let ids = 0..<Int32(clamping: tokenizer.vocabularySize)
        // Where every token has as many bytes as this one; most vocabularies have one soon.
        let needed = (longest - 1) / room + 1
        if ids.contains(where: { tokenizer.bytes(of: $0).count >= needed }) { return }
        let most = ids.reduce(1) { max($0, tokenizer.bytes(of: $1).count) }
        throw OptionError(
            .stop, expected: "at most \(room * most) bytes, as no completion is longer", found: "\(longest)")
    }

    /// Most tokens drafted at a time.
    private static let mostDrafts = 256

    private func validateLogprobs() throws(OptionError) {
        guard let logprobs else { return }
        try OptionError.require((0...1000).contains(logprobs), .logprobs, "0 to 1000", "\(logprobs)")
        try OptionError.require(
            candidates.beams == 1, .logprobs, "none with beams, which have a score instead", "\(logprobs)")
    }

    private func validateStops(vocabularySize: Int, hasTokenizer: Bool) throws(OptionError) {
        if let id = stopTokens.filter({ $0 < 0 || Int($0) >= vocabularySize }).min() {
            throw OptionError(
                .stopTokenIDs, expected: "token ids from 0 to \(vocabularySize - 1)", found: "\(id)")
        }
        for (index, stop) in stopStrings.enumerated() {
            try OptionError.require(!stop.isEmpty, .stop, "text", "none in entry \(index)")
        }
        guard let first = stopStrings.first else { return }
        try OptionError.require(
            hasTokenizer, .stop, "none without a tokenizer", "\"\(first)\"")
        try OptionError.require(candidates.beams == 1, .stop, "none with beams", "\"\(first)\"")
    }
}
