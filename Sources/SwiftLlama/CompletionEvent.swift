/// What happened while prompts are completed by ``Llama/complete(_:options:onEvent:)-(Prompt,_,_)``.
public enum CompletionEvent: Sendable, Equatable {
    /// This many more prompt tokens have been processed. Tokens with which an earlier prompt began are not processed again.
    case promptProgress(tokens: Int)
    /// A token was generated for one of the prompt's completions. The text may be empty: the bytes of a character can arrive
    /// in several tokens, and what may begin a stop string is held back. Where completions are compared – with beams or
    /// ``CompletionOptions/bestOf`` – all text comes at the end.
    case text(String, promptIndex: Int, choice: Int)
    /// A completion is done.
    case finished(Completion)
}

/// What to do after an event.
public enum CompletionAction: Sendable {
    /// Generate more.
    case `continue`
    /// Stop all prompts of the call.
    case stop
}
