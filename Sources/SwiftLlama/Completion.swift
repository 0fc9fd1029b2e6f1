internal import LlamaGeneration

/// A completed prompt.
public struct Completion: Sendable, Equatable {
    /// Why a completion ended.
    public enum FinishReason: Sendable {
        /// The model generated a token that ends a text or a turn.
        case stopToken
        /// The text contained one of ``CompletionOptions/stopStrings``.
        case stopString
        /// The completion, or prompt and completion together, reached the length limit.
        case length
        /// The caller stopped it.
        case cancelled
    }

    /// Index of the prompt in the list; 0 where there is only one.
    public internal(set) var promptIndex: Int
    /// Index among the prompt's completions, of which there are ``CompletionOptions/n``.
    public internal(set) var choice: Int
    /// The text that follows the prompt's, up to a stop string; empty for a model without a tokenizer.
    public internal(set) var text: String
    /// The generated token ids, without the stop token, but with those of a stop string.
    public internal(set) var tokenIDs: [Int32]
    /// The prompt's token ids, with the begin-of-sequence token.
    public internal(set) var promptTokenIDs: [Int32]
    /// Why it ended.
    public internal(set) var finishReason: FinishReason
    /// One entry for each of ``tokenIDs``, or, with ``CompletionOptions/echo``, for each token of prompt and completion, of
    /// which the first is nil. Nil where ``CompletionOptions/logprobs`` did not ask for them.
    public internal(set) var logprobs: [TokenLogprobs?]?
    /// What completions were compared by: the score of a beam, or, with ``CompletionOptions/bestOf``, the mean
    /// log-probability of the tokens. Nil where they were not compared.
    public internal(set) var score: Float?

    /// One of which there is nothing yet.
    init(promptIndex: Int, choice: Int, promptTokenIDs: [Int32]) {
        self.promptIndex = promptIndex
        self.choice = choice
        self.promptTokenIDs = promptTokenIDs
        text = ""
        tokenIDs = []
        finishReason = .cancelled
    }

    init(_ completion: LlamaGeneration.Completion, promptIndex: Int = 0) {
        self.promptIndex = promptIndex
        choice = completion.choice
        text = completion.text ?? ""
        tokenIDs = completion.completionIDs
        promptTokenIDs = completion.promptIDs
        finishReason = FinishReason(completion.finishReason)
        logprobs = completion.logprobs?.map { $0.map(TokenLogprobs.init) }
        score = completion.score
    }
}

extension Completion.FinishReason {
    fileprivate init(_ reason: LlamaGeneration.Completion.FinishReason) {
        self =
            switch reason {
            case .stop: .stopToken
            case .stopString: .stopString
            case .length: .length
            }
    }
}
