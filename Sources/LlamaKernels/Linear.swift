import CLlamaKernels

/// A linear layer: `out = weight x + bias`.
package struct Linear: Sendable {
    /// `[out, in]`.
    package let weight: WeightMatrix
    private let bias: FloatVector?

    /// - Parameter bias: `[out]`, or nil for none.
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)`` for a bias of another length.
    package init(weight: WeightMatrix, bias: FloatVector?) throws(KernelError) {
        if let bias, bias.count != weight.rows {
            throw .shapeMismatch(operand: "bias", expected: [weight.rows], found: [bias.count])
        }
        self.weight = weight
        self.bias = bias
    }

    /// The layer applied to `x [rows, in]`, for the kernels.
    @inline(__always)
    func operation(
        _ x: FloatMatrix, out: FloatMatrix, accumulate: Bool = false
    ) throws(KernelError) -> lk_linear_op {
        try x.requireShape(x.rows, weight.columns, "input of a linear layer")
        try out.requireShape(x.rows, weight.rows, "output of a linear layer")
        return lk_linear_op(
            weight: weight.matrix, bias: bias?.base, out: out.base, out_stride: out.columns,
            accumulate: accumulate)
    }
}
