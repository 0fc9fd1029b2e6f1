internal import LlamaGeneration

/// Log-probabilities at one position, in nats, of the model's own distribution: before penalties and temperature.
public struct TokenLogprobs: Sendable, Equatable {
    /// A token and its log-probability.
    public struct Candidate: Sendable, Equatable {
        /// The token.
        public let tokenID: Int32
        /// Its log-probability.
        public let logprob: Float
    }

    /// Of the token at this position.
    public let logprob: Float
    /// Of the likeliest tokens, likeliest first, as many as were asked for.
    public let top: [Candidate]

    init(_ entry: LlamaGeneration.TokenLogprobs) {
        logprob = entry.token
        top = entry.top.map { Candidate(tokenID: $0.id, logprob: $0.logprob) }
    }
}
