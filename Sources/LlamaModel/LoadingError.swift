import LlamaFiles

/// Why a model was not loaded, apart from errors of its files.
package enum LoadingError: Error, Equatable, Sendable {
    /// ``WeightLoading/progress`` said so.
    case interrupted
}

extension LoadingError: CategorizedError {
    /// One line for a person.
    package var description: String { "interrupted while the weights were being quantized" }

    /// ``ErrorCategory/interrupted``.
    package var category: ErrorCategory { .interrupted }
}
