import LlamaFiles

extension KernelError: CategorizedError {
    /// ``ErrorCategory/invalidArgument`` for an instruction set that there is not, that of a file that changed, else
    /// ``ErrorCategory/insufficientResources``.
    package var category: ErrorCategory {
        switch self {
        case .unknownInstructionSet, .unsupported, .unsupportedBFloat16: .invalidArgument
        case .changedWeights(let error): error.category
        default: .insufficientResources
        }
    }
}
