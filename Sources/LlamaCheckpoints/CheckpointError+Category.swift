import LlamaFiles

extension CheckpointError: CategorizedError {
    /// ``ErrorCategory/missingInput``, ``ErrorCategory/changedInput`` or ``ErrorCategory/badInput``.
    package var category: ErrorCategory {
        if case .changed = reason { return .changedInput }
        return isMissingInput ? .missingInput : .badInput
    }
}
