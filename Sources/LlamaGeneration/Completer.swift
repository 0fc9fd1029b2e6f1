import LlamaCheckpoints
import LlamaKernels
import LlamaModel
import LlamaTokenizers

/// Prepares lists of prompts for completion by one model.
package struct Completer {
    /// What happened, in the order it happened.
    package enum Event {
        /// A forward pass processed this many tokens of prompts.
        case read(promptTokens: Int)
        /// A token was generated; `text` is what has become certain by it, possibly nothing.
        case token(index: Int, id: Int32, text: String)
        /// A prompt is done; `rest` is text that had been held back.
        case finished(Completion, rest: String)
    }

    private let model: Transformer
    private let tokenizer: (any Tokenizer)?
    private let kernels: KernelContext

    /// - Parameter tokenizer: Nil where all prompts are ids.
    package init(model: Transformer, tokenizer: (any Tokenizer)?, kernels: KernelContext) {
        self.model = model
        self.tokenizer = tokenizer
        self.kernels = kernels
    }

    /// Encodes and checks all prompts, so that bad input is refused before anything is computed.
    ///
    /// - Throws: ``GenerationError`` for a prompt that cannot be completed, ``KernelError`` where memory is short.
    package func prepare(_ prompts: [Prompt], _ options: GenerationOptions) throws -> PreparedPrompts {
        let encoder = PromptEncoder(
            tokenizer: tokenizer, vocabularySize: model.configuration.vocabularySize,
            maxSequenceLength: options.maxSequenceLength)
        let encoded = try prompts.map { prompt throws(GenerationError) in
            (prompt: prompt, ids: try encoder.encode(prompt))
        }
        let longest = encoded.map(\.ids.count).max() ?? 0
        let room = max(0, min(options.maxGenerationLength, options.maxSequenceLength - longest))
        let state = try InferenceState(
            model.configuration, slots: max(1, min(options.maxBatchSize, prompts.count)),
            length: longest + room, cacheType: options.cacheType, kernels: kernels)
        return PreparedPrompts(
            model: model, tokenizer: tokenizer, options: options, prompts: encoded, state: state)
    }
}
