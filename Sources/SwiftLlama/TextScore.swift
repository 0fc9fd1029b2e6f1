import Glibc

/// How likely a text is to a model.
public struct TextScore: Sendable, Equatable {
    /// The text's token ids, with the begin-of-sequence token where the model expects one.
    public let tokenIDs: [Int32]
    /// One entry for each of ``tokenIDs``, of the token given those before it; the first is nil, as nothing predicts it.
    public let logprobs: [TokenLogprobs?]
    /// Log-probability of all tokens but the first, given the first, in nats.
    public let logprob: Double

    /// How many tokens were predicted: all but the first.
    public var predictedCount: Int { max(tokenIDs.count - 1, 0) }

    /// Perplexity of the predicted tokens, `exp(-logprob / predictedCount)`; 1 where there are none.
    public var perplexity: Double { exp(-logprob / Double(max(predictedCount, 1))) }

    init(tokenIDs: [Int32], logprobs: [TokenLogprobs?]) {
        self.tokenIDs = tokenIDs
        self.logprobs = logprobs
        logprob = logprobs.reduce(0) { $0 + Double($1?.logprob ?? 0) }
    }
}

extension Llama {
    /// How likely a text is, token by token.
    ///
    /// - Parameters:
    ///   - text: At most as long as the context.
    ///   - top: How many of the likeliest tokens to report at each position.
    /// - Throws: ``LlamaError`` for a text that cannot be used; of the kind ``LlamaError/Kind/cancelled`` where the task
    ///   was cancelled.
    public func score(_ text: Prompt, top: Int = 0) async throws(LlamaError) -> TextScore {
        try LlamaError.require(top >= 0, "top", "at least 0", top)
        var options = CompletionOptions()
        options.maximumTokens = 0
        options.logprobs = top
        options.echo = true
        let completion = try await generate(text, options: options).completion()
        return TextScore(tokenIDs: completion.promptTokenIDs, logprobs: completion.logprobs ?? [])
    }
}
