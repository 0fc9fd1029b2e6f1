import LlamaFiles

extension KernelError: CategorizedError {
    /// ``ErrorCategory/invalidArgument`` for an unknown name, that of a file that changed, else
    /// ``ErrorCategory/insufficientResources``.
    package var category: ErrorCategory {
        switch self {
        case .unknownInstructionSet: .invalidArgument
        case .changedWeights(let error): error.category
        default: .insufficientResources
        }
    }
}
