import CLlamaKernels

/// One AdamW update (Loshchilov and Hutter 2019).
package struct AdamWUpdate {
    private let parameters: lk_adamw

    /// - Parameters:
    ///   - step: Number of this update, from 1, for the bias corrections.
    ///   - gradientScale: Multiplies the gradients first (clipping).
    package init(
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, step: Int,
        gradientScale: Double
    ) {
        parameters = lk_adamw(
            learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
            weight_decay: weightDecay,
            correction1: 1 - power(beta1, step), correction2: 1 - power(beta2, step),
            gradient_scale: gradientScale)
    }

    /// Updates the weights and their moments from the gradients; all four have one shape.
    ///
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)``.
    package func apply(
        weights: FloatMatrix, gradients: FloatMatrix, firstMoment: FloatMatrix, secondMoment: FloatMatrix,
        on kernels: KernelContext
    ) throws(KernelError) {
        try gradients.requireShape(weights.rows, weights.columns, "gradients")
        try firstMoment.requireShape(weights.rows, weights.columns, "first moments")
        try secondMoment.requireShape(weights.rows, weights.columns, "second moments")
        withUnsafePointer(to: parameters) {
            lk_adamw_step(
                kernels.handle, $0, weights.base, gradients.base, firstMoment.base, secondMoment.base,
                weights.count)
        }
    }
}

/// `base` to the power of a whole number, by squaring: the same bits everywhere.
private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= factor }
        factor *= factor
        rest >>= 1
    }
    return result
}
