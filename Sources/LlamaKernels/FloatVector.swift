/// A few floats that every thread may read: the gain of a norm, a bias.
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
