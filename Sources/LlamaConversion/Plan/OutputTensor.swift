import LlamaCheckpoints

/// A tensor of the output: a role, or the part of it that one shard holds.
struct OutputTensor: Sendable {
    /// What the file says of it.
    let spec: TensorSpec
    /// What it is in the output.
    let role: TensorRole
    /// The role whose values it has; differs from ``role`` only for an output head that is no longer tied to the
    /// embedding.
    let source: TensorRole
    /// The rows of the whole that it holds; one for a vector.
    let rows: Range<Int>
    /// The columns of the whole that it holds.
    let columns: Range<Int>
    /// The dtype intended for it, where its rows are not whole blocks of that; nil for others.
    let fallback: QuantizationRule.Fallback?

    /// What a format that stores digests beside the weights needs to know.
    var digestEntry: (name: String, role: TensorRole) { (spec.name, role) }
}
