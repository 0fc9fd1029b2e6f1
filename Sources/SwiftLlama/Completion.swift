/// A completed prompt.
public struct Completion: Sendable, Equatable {
    /// Why a completion ended.
    public enum FinishReason: Sendable {
        /// The model generated a token that ends a text or a turn.
        case stopToken
        /// The completion, or prompt and completion together, reached the length limit.
        case length
        /// The caller stopped it.
        case cancelled
    }

    /// Index of the prompt in the list.
    public internal(set) var promptIndex: Int
    /// The text that follows the prompt's; empty for a model without a tokenizer.
    public internal(set) var text: String
    /// The generated token ids, without the stop token.
    public internal(set) var tokenIDs: [Int32]
    /// The prompt's token ids, with the begin-of-sequence token.
    public internal(set) var promptTokenIDs: [Int32]
    /// Why it ended.
    public internal(set) var finishReason: FinishReason
}

/// What happened while prompts are completed.
public enum CompletionEvent: Sendable, Equatable {
    /// This many more prompt tokens have been processed.
    case promptProgress(tokens: Int)
    /// A token was generated. The text may be empty: the bytes of a character can arrive in several tokens.
    case text(String, promptIndex: Int)
    /// A prompt is done.
    case finished(Completion)
}

/// What to do after an event.
public enum CompletionAction: Sendable {
    /// Generate more.
    case `continue`
    /// Stop all prompts of the call.
    case stop
}
