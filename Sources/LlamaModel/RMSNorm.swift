import LlamaKernels

/// Root-mean-square layer norm: `x / sqrt(mean(x^2) + epsilon) * weight` (Zhang and Sennrich 2019).
struct RMSNorm: Sendable {
    /// Gain `[dim]`.
    let weight: FloatVector
    let epsilon: Float

    /// `out[count, dim]` from `x[count, dim]`.
    func callAsFunction(
        _ x: UnsafePointer<Float>, count: Int, out: UnsafeMutablePointer<Float>, on kernels: KernelContext
    ) {
        kernels.rmsNorm(x, weight: weight, epsilon: epsilon, count: count, out: out)
    }
}
