import LlamaKernels
import LlamaFiles

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
    /// A logit is NaN or infinite: the weights are damaged.
    case notFinite(source: String, position: Int)
    /// The model could not be run.
    case kernels(KernelError)
}

extension GenerationError: CategorizedError {
    /// ``ErrorCategory/badInput``, or the category of a ``KernelError``.
    package var category: ErrorCategory {
        if case .kernels(let error) = self { error.category } else { .badInput }
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
        case .notFinite(let source, let position):
            "\(source): expected finite logits after token \(position), found NaN or infinity; "
                + "the weights are damaged: fetch the checkpoint again"
        case .kernels(let error): "\(error)"
        }
    }
}
