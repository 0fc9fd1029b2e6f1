import LlamaModel
import LlamaTokenizers

/// Prompts that have been encoded and checked by a ``Completer``, with its model and memory for their sequences.
///
/// As many prompts run at a time as a batch holds; one that ends makes room for the next at once. What a prompt gets
/// is independent of the others: the model's results are, and so is the stream of random numbers.
package struct PreparedPrompts {
    let model: Transformer
    let tokenizer: (any Tokenizer)?
    let options: GenerationOptions
    let prompts: [(prompt: Prompt, ids: [Int32])]
    let state: InferenceState

    /// The encoded prompts, in their order.
    package var promptIDs: [[Int32]] { prompts.map(\.ids) }

    /// Completes every prompt.
    ///
    /// - Parameter observe: Receives each event; returns whether to continue.
    /// - Returns: Counts of tokens, and times.
    /// - Throws: `.notFinite` where the model's weights are damaged.
    @discardableResult
    package func complete(observe: (Completer.Event) -> Bool) throws(GenerationError) -> GenerationStatistics
    {
        var run = CompletionRun(self)
        return try run.run(observe)
    }
}
