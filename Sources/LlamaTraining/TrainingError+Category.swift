import LlamaFiles

extension TrainingError: CategorizedError {
    /// What kind of problem it is.
    package var category: ErrorCategory {
        switch self {
        case .invalidOption: .invalidArgument
        case .changedFile(let error): error.category
        case .cannotWrite: .unwritableOutput
        default: isMissingInput ? .missingInput : .badInput
        }
    }
}
