import LlamaCheckpoints
import LlamaFiles

extension TokenizerError: CategorizedError {
    /// ``ErrorCategory/missingInput`` or ``ErrorCategory/badInput``, or that of a GGUF file's error.
    package var category: ErrorCategory {
        if case .invalidGGUF(let error) = self { return error.category }
        return isMissingInput ? .missingInput : .badInput
    }
}
