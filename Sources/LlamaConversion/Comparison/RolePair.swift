import LlamaTensors
import LlamaCheckpoints

/// The weights of one role in two checkpoints.
struct RolePair: Sendable {
    /// One checkpoint's side.
    private struct Side: Sendable {
        let weight: Weight
        let configuration: ModelConfiguration
    }

    private let role: TensorRole
    private let first: Side?
    private let second: Side?
    /// Of the whole, the first checkpoint's where they differ.
    private let shape: [Int]

    /// The roles of either, in the model's order.
    static func all(_ first: Checkpoint, _ second: Checkpoint) -> [RolePair] {
        let roles = TensorRole.all(of: first.configuration)
        let known = Set(roles)
        let more = TensorRole.all(of: second.configuration).filter { !known.contains($0) }
        return (roles + more).map { role in
            let (one, other) = (side(role, first), side(role, second))
            let shape = (one ?? other)?.weight.shape ?? role.shape(in: first.configuration)
            return RolePair(role: role, first: one, second: other, shape: shape)
        }
    }

    /// A tied output head is compared as the embedding.
    private static func side(_ role: TensorRole, _ checkpoint: Checkpoint) -> Side? {
        let configuration = checkpoint.configuration
        let source = role == .output && configuration.tiesEmbeddings ? .tokEmbeddings : role
        return checkpoint.weights[source].map { Side(weight: $0, configuration: configuration) }
    }

    /// Bytes that a comparison reads.
    var byteCount: Int {
        guard let first, let second, first.weight.shape == second.weight.shape else { return 0 }
        return (first.weight.parts + second.weight.parts).reduce(0) { $0 + $1.byteCount }
    }

    /// Compares the two.
    ///
    /// - Parameter progress: Told the bytes of both sides after every slice.
    func compare(progress: (Int) -> Void) throws(CheckpointError) -> CheckpointComparison.Entry {
        CheckpointComparison.Entry(
            role: role, dtypes: (first?.weight.dtype, second?.weight.dtype),
            shape: shape, outcome: try outcome(progress: progress)
        )
    }

    private func outcome(progress: (Int) -> Void) throws(CheckpointError) -> TensorOutcome {
        guard let first else { return .missingInFirst }
        guard let second else { return .missingInSecond }
        guard first.weight.shape == second.weight.shape else {
            return .shapes(first.weight.shape, second.weight.shape)
        }
        let left = try CanonicalRows(first.weight, role: role, configuration: first.configuration)
        let right = try CanonicalRows(second.weight, role: role, configuration: second.configuration)
        return TensorComparer.compare(left, right, progress: progress)
    }

    /// The error of a comparison that has no result.
    func notCompared(in folder: String) -> CheckpointError {
        .invalid(folder, TensorNaming.meta.name(of: role), expected: "a comparison", found: "none")
    }
}
