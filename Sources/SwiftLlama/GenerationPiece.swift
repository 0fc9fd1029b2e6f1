internal import LlamaGeneration

/// What is new of a completion.
public struct GenerationPiece: Sendable, Equatable {
    /// Which of the prompt's completions it belongs to, of which there are ``CompletionOptions/n``.
    public let choice: Int
    /// Text that follows the previous piece's; may be empty, as the bytes of a character can arrive in several tokens.
    public let text: String
    /// Token ids that follow the previous piece's: one, or several where the consumer was slower than the model.
    public let tokenIDs: [Int32]
    /// One entry per token where ``CompletionOptions/logprobs`` asks for them, else none.
    public let logprobs: [TokenLogprobs]
    /// The whole completion, in its last piece.
    public let completion: Completion?

    init(_ update: GenerationUpdate) {
        choice = update.choice
        text = update.text
        tokenIDs = update.ids
        logprobs = update.logprobs.map(TokenLogprobs.init)
        completion = update.completion.map { Completion($0) }
    }
}
