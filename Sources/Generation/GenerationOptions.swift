/// How prompts are completed.
public struct GenerationOptions: Sendable {
    /// Most tokens to generate for a prompt. 0 only evaluates the prompt.
    public var maxGenerationLength = 128
    /// Most tokens of prompt and completion together.
    public var maxSequenceLength: Int
    /// Most prompts worked on at once; the rest wait.
    public var maxBatchSize = 8
    /// How the next token is drawn.
    public var sampler = Sampler(temperature: 0.6, topP: 0.9, seed: 0)
    /// How many of the likeliest tokens to report at each position, or nil to report none.
    public var logprobs: Int?
    /// Whether log-probabilities are reported for the prompt too.
    public var echo = false
    /// Ids that end a completion, and are not part of it.
    public var stopTokens: Set<Int32> = []

    /// - Parameter maxSequenceLength: Most tokens of prompt and completion together.
    public init(maxSequenceLength: Int) { self.maxSequenceLength = maxSequenceLength }
}
