import LlamaTensors

extension Checkpoint {
    /// A checkpoint that is in no file, such as one of random weights: in Meta's layout.
    ///
    /// - Parameters:
    ///   - configuration: The model's shape.
    ///   - name: What errors call it.
    ///   - tensor: The tensor of a role, of the shape that ``TensorRole/shape(in:)`` says.
    /// - Throws: what `tensor` throws, and ``CheckpointError`` for a tensor of another shape or no weight type.
    package init(
        _ configuration: ModelConfiguration, named name: String, tensor: (TensorRole) throws -> Tensor
    ) throws {
        var weights: [TensorRole: Weight] = [:]
        for role in TensorRole.all(of: configuration) {
            weights[role] = try Weight(
                name: TensorNaming.meta.name(of: role), role: role, shape: role.shape(in: configuration),
                shards: [tensor(role)], files: [name])
        }
        self.init(configuration, name: name, weights: weights)
    }
}
