import CKernels

/// A linear layer: `out = weight x + bias`.
public struct Linear: Sendable {
    /// `[out, in]`.
    public let weight: WeightMatrix
    private let bias: FloatVector?

    /// - Parameter bias: `[out]`, or nil for none.
    public init(weight: WeightMatrix, bias: FloatVector?) {
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
public final class FloatVector: Sendable {
    // Written only in `init`.
    nonisolated(unsafe) let base: UnsafeMutablePointer<Float>
    /// Number of floats.
    public let count: Int

    /// Copies `values`.
    public init(_ values: [Float]) {
        count = values.count
        base = .allocate(capacity: values.count)
        base.initialize(from: values, count: values.count)
    }

    deinit { base.deallocate() }
}
