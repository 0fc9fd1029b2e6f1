import LlamaFiles

extension CheckpointError: CategorizedError {
    /// ``ErrorCategory/missingInput`` or ``ErrorCategory/badInput``.
    package var category: ErrorCategory { isMissingInput ? .missingInput : .badInput }
}
