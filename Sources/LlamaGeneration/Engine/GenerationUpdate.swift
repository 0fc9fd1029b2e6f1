/// What is new of one choice of a request since the last update of it.
package struct GenerationUpdate: Sendable {
    /// Index among the request's choices.
    package let choice: Int
    /// Tokens generated.
    package internal(set) var ids: [Int32] = []
    /// Text that has become certain.
    package internal(set) var text = ""
    /// Log-probabilities of the tokens, where they were asked for.
    package internal(set) var logprobs: [TokenLogprobs] = []
    /// The whole completion, when it is done.
    package internal(set) var completion: Completion?

    init(choice: Int) { self.choice = choice }
}
