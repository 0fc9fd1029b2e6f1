import LlamaKernels

/// How prompts are completed.
package struct GenerationOptions: Sendable {
    /// Most tokens to generate for a prompt; 0 only evaluates the prompt.
    package var maxGenerationLength = 128
    /// Most tokens of prompt and completion together.
    package var maxSequenceLength: Int
    /// Most prompts completed at the same time; the rest wait.
    package var maxBatchSize = 8
    /// How the keys and values of earlier tokens are held.
    package var cacheType = CacheType.float32
    /// How the next token is drawn.
    package var sampler = Sampler(temperature: 0.6, topP: 0.9, seed: 0)
    /// How many of the likeliest tokens to report the log-probabilities of at each position; nil for no report.
    package var logprobs: Int?
    /// Whether log-probabilities are reported for the prompt too.
    package var echo = false
    /// Ids that end a completion and are not included in it.
    package var stopTokens: Set<Int32> = []

    /// - Parameter maxSequenceLength: Most tokens of prompt and completion together.
    package init(maxSequenceLength: Int) { self.maxSequenceLength = maxSequenceLength }
}
