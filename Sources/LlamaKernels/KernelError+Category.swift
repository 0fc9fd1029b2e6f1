import LlamaFiles

extension KernelError: CategorizedError {
    /// ``ErrorCategory/insufficientResources``, or that of a file that changed.
    package var category: ErrorCategory {
        if case .changedWeights(let error) = self { error.category } else { .insufficientResources }
    }
}
