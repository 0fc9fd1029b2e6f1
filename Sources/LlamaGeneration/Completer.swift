import LlamaKernels
import LlamaModel
import LlamaTokenizers

/// Completes lists of prompts with one model, as many at a time as a batch holds.
///
/// A prompt that ends makes room for the next at once. What a prompt gets does not depend on the others: the
/// model's numbers do not, and neither does the random stream.
package struct Completer {
    /// What happened, in the order it happened.
    package enum Event {
        /// A pass took so many tokens of prompts.
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

    /// Prompts that have been encoded and checked, and memory for them.
    package struct Work {
        let options: GenerationOptions
        let prompts: [(prompt: Prompt, ids: [Int32])]
        let state: InferenceState
    }

    /// Encodes and checks all prompts, so that bad input is refused before anything is begun.
    ///
    /// - Throws: ``GenerationError`` for a prompt that cannot be completed, ``KernelError`` where memory is short.
    package func prepare(_ prompts: [Prompt], _ options: GenerationOptions) throws -> Work {
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
            length: longest + room, kernels: kernels)
        return Work(options: options, prompts: encoded, state: state)
    }

    /// Completes every prompt.
    ///
    /// - Parameter observe: Told of each event; returns whether to go on.
    /// - Returns: What it took.
    @discardableResult
    package func complete(_ work: Work, observe: (Event) -> Bool) throws(GenerationError)
        -> GenerationStatistics
    {
        var run = CompletionRun(model: model, tokenizer: tokenizer, work: work)
        return try run.run(observe)
    }
}

/// What completing a list of prompts took.
package struct GenerationStatistics: Sendable {
    /// Tokens of prompts that were read.
    package internal(set) var promptTokens = 0
    /// Tokens generated.
    package internal(set) var generatedTokens = 0
    /// Tokens that came out of passes that took no prompt.
    package internal(set) var decodedTokens = 0
    /// Time in passes that took part of a prompt.
    package internal(set) var promptTime = Duration.zero
    /// Time in the other passes.
    package internal(set) var decodeTime = Duration.zero
    /// Time from the start to the first generated token.
    package internal(set) var timeToFirstToken: Duration?
}
