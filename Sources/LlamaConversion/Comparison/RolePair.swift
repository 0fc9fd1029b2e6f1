import LlamaCheckpoints
import LlamaTensors

/// What two checkpoints hold for one role.
struct RolePair: Sendable {
    /// One checkpoint's side.
    private struct Side: Sendable {
        let weight: Weight
        let configuration: ModelConfiguration
    }

    private let role: TensorRole
    private let first: Side?
    private let second: Side?

    /// The roles of either, in the model's order.
    static func all(_ first: Checkpoint, _ second: Checkpoint) -> [RolePair] {
        let roles = TensorRole.all(of: first.configuration)
        let known = Set(roles)
        let more = TensorRole.all(of: second.configuration).filter { !known.contains($0) }
        return (roles + more).map { role in
            RolePair(role: role, first: side(role, first), second: side(role, second))
        }
    }

    /// Where the output is tied, the embedding does its work.
    private static func side(_ role: TensorRole, _ checkpoint: Checkpoint) -> Side? {
        let configuration = checkpoint.configuration
        let source = role == .output && configuration.tiesEmbeddings ? .tokEmbeddings : role
        return (try? checkpoint.weight(source)).map { Side(weight: $0, configuration: configuration) }
    }

    /// Bytes to be read.
    var byteCount: Int {
        guard let first, let second, first.weight.shape == second.weight.shape else { return 0 }
        return (first.weight.parts + second.weight.parts).reduce(0) { $0 + $1.byteCount }
    }

    func compare(progress: (Int) -> Void) throws(CheckpointError) -> CheckpointComparison.Entry {
        CheckpointComparison.Entry(
            role: role, dtypes: (first?.weight.dtype, second?.weight.dtype),
            shape: first?.weight.shape ?? second?.weight.shape ?? [], outcome: try outcome(progress: progress)
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
}
