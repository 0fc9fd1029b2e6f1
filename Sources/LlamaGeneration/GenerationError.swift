import LlamaKernels
import LlamaFiles
import LlamaTokenizers

/// Why prompts could not be completed.
package enum GenerationError: Error, Equatable, Sendable {
    /// A list of prompts holds none.
    case emptyPromptList(source: String)
    /// A prompt is not in the format of its file.
    case invalidPrompt(source: String, expected: String, found: String)
    /// A prompt encodes to no token at all.
    case emptyPrompt(source: String)
    /// A prompt has more tokens than the longest sequence allowed.
    case promptTooLong(source: String, count: Int, limit: Int)
    /// A prompt contains an id that is not in the model's vocabulary.
    case tokenOutOfRange(source: String, id: Int32, vocabularySize: Int)
    /// A prompt is text, and there is no tokenizer to encode it.
    case needsTokenizer(source: String)
    /// Messages cannot become a prompt.
    case invalidConversation(source: String, ChatError)
    /// An instruction does not fit the prompt template.
    case invalidInstruction(source: String, PromptTemplateError)
    /// There is an instruction, and no prompt template for it.
    case needsTemplate(source: String)
    /// An option of a prompt cannot be used.
    case invalidOption(source: String, OptionError)
    /// The settings of a prompt leave no token to continue it with.
    case noTokenLeft(source: String, position: Int)
    /// The keys and values of the longest completion of a prompt, or of all its beams, do not fit the cache.
    case exceedsCache(source: String, sequences: Int, positions: Int, limit: Int)
    /// A prompt has more beams than there are sequences at a time.
    case tooManyBeams(source: String, beams: Int, limit: Int)
    /// The cache cannot hold a single page.
    case cacheTooSmall(bytes: Int, least: Int)
    /// A logit is NaN or infinite: the weights are damaged.
    case notFinite(source: String, position: Int)
    /// The draft model has another vocabulary than the model.
    case otherVocabulary(size: Int, draft: Int)
    /// The engine ended before the request.
    case shutDown
    /// The model could not be run.
    case kernels(KernelError)
}

extension GenerationError: CategorizedError {
    /// ``ErrorCategory/badInput``, or the category of a ``KernelError``.
    package var category: ErrorCategory {
        switch self {
        case .kernels(let error): error.category
        case .cacheTooSmall: .invalidArgument
        case .shutDown: .interrupted
        default: .badInput
        }
    }

    /// One line for a person.
    package var description: String {
        switch self {
        case .emptyPromptList(let source):
            "\(source): expected at least one prompt, found none"
        case .invalidPrompt(let source, let expected, let found):
            "\(source): expected \(expected), found \(found)"
        case .emptyPrompt(let source):
            "\(source): expected at least one token, found none (the tokenizer adds no begin-of-sequence token)"
        case .promptTooLong(let source, let count, let limit):
            "\(source): expected at most \(limit) tokens, found \(count); shorten it or raise --max-seq-len"
        case .tokenOutOfRange(let source, let id, let vocabularySize):
            "\(source): expected token ids below \(vocabularySize), found \(id)"
        case .needsTokenizer(let source):
            "\(source): expected prompt_ids, as there is no tokenizer, found text; give one with --tokenizer"
        case .invalidConversation(let source, let error): "\(source): \(error)"
        case .invalidInstruction(let source, let error): "\(source): \(error)"
        case .needsTemplate(let source):
            "\(source): instruction: expected a prompt template to put it in, found none; "
                + "give one with --prompt-template"
        case .invalidOption(let source, let error): "\(source): \(error)"
        case .noTokenLeft(let source, let position):
            "\(source): expected a token to continue with after token \(position), found none; "
                + "relax logit_bias, bad_words or repetition_penalty"
        case .exceedsCache(let source, let sequences, let positions, let limit):
            "\(source): expected at most \(limit) tokens of prompt and completion, as the cache holds "
                + "\(sequences == 1 ? "no more" : "\(sequences) beams of no more"), found \(positions); "
                + "raise --kv-memory or lower --max-gen-len"
        case .tooManyBeams(let source, let beams, let limit):
            "\(source): beams: expected at most \(limit), found \(beams); raise --max-batch-size"
        case .cacheTooSmall(let bytes, let least):
            "--kv-memory: expected at least \(least) bytes, found \(bytes)"
        case .notFinite(let source, let position):
            "\(source): expected finite logits after token \(position), found NaN or infinity; "
                + "the weights are damaged: fetch the checkpoint again"
        case .otherVocabulary(let size, let draft):
            "--draft: expected a model with the \(size) tokens of --checkpoints, found one with \(draft)"
        case .shutDown: "the engine was shut down before the request was completed"
        case .kernels(let error): "\(error)"
        }
    }
}
