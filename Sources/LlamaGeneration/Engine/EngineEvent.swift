/// What an engine's step brought, in the order in which it happened.
package enum EngineEvent {
    /// The step computed this many tokens of a request's prompt.
    case read(request: Int, promptTokens: Int)
    /// A token was generated for one choice of a request; `text` is what has become certain by it, possibly nothing.
    case token(request: Int, choice: Int, id: Int32, text: String, logprobs: TokenLogprobs?)
    /// A choice is done; `rest` is text that had been held back. Where the best of several choices are selected, this is all
    /// that is reported of one, and `rest` is its text.
    case finished(request: Int, Completion, rest: String)
    /// All choices of a request are done.
    case ended(request: Int)
    /// A request ended without its choices; it has no further events.
    case failed(request: Int, GenerationError)

    /// The request that it belongs to.
    package var request: Int {
        switch self {
        case .read(let request, _), .token(let request, _, _, _, _), .finished(let request, _, _),
            .ended(let request), .failed(let request, _):
            request
        }
    }

    /// Whether no other event of the request follows.
    var isLast: Bool {
        switch self {
        case .ended, .failed: true
        default: false
        }
    }
}
