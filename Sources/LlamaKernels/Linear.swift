import CLlamaKernels

/// A linear layer: `out = weight x + bias`.
package struct Linear: Sendable {
    /// `[out, in]`.
    package let weight: WeightMatrix
    private let bias: FloatVector?

    /// - Parameter bias: `[out]`, or nil for none.
    package init(weight: WeightMatrix, bias: FloatVector?) {
        self.weight = weight
        self.bias = bias
    }

    func operation(_ out: UnsafeMutablePointer<Float>, accumulate: Bool = false) -> lk_linear_op {
        lk_linear_op(
            weight: weight.matrix, bias: bias?.base, out: out, out_stride: weight.rows, accumulate: accumulate
        )
    }
}

/// A few floats that every thread may read: a norm's gain, a bias.
package final class FloatVector: Sendable {
    // Written only in `init`.
    nonisolated(unsafe) let base: UnsafeMutablePointer<Float>
    /// Number of floats.
    package let count: Int

    /// Copies `values`.
    package init(_ values: [Float]) {
        count = values.count
        base = .allocate(capacity: values.count)
        base.initialize(from: values, count: values.count)
    }

    deinit { base.deallocate() }
}
