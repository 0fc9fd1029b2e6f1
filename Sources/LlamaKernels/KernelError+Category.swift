import LlamaFiles

extension KernelError: CategorizedError {
    /// Always ``ErrorCategory/insufficientResources``.
    package var category: ErrorCategory { .insufficientResources }
}
