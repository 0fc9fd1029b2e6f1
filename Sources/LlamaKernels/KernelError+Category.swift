import LlamaFiles

extension KernelError: CategorizedError {
    /// ``ErrorCategory/invalidArgument`` for an unknown name, else ``ErrorCategory/insufficientResources``.
    package var category: ErrorCategory {
        if case .unknownInstructionSet = self { .invalidArgument } else { .insufficientResources }
    }
}
