import LlamaKernels

/// Root-mean-square layer norm: `x / sqrt(mean(x^2) + epsilon) * weight` (Zhang and Sennrich 2019).
struct RMSNorm: Sendable {
    /// Gain `[dim]`.
    let weight: FloatVector
    let epsilon: Float

    /// `out [rows, dim]` from `x [rows, dim]`.
    func callAsFunction(
        _ x: FloatMatrix, out: FloatMatrix, on kernels: KernelContext
    ) throws(KernelError) {
        try kernels.rmsNorm(x, weight: weight, epsilon: epsilon, out: out)
    }
}
