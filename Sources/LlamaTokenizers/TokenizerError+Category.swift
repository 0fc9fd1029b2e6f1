import LlamaFiles

extension TokenizerError: CategorizedError {
    /// ``ErrorCategory/missingInput`` or ``ErrorCategory/badInput``.
    package var category: ErrorCategory { isMissingInput ? .missingInput : .badInput }
}
