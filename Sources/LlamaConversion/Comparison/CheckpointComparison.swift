import LlamaCheckpoints
import Dispatch
import Synchronization
import LlamaTensors

/// Two checkpoints set side by side: configuration field by field, tensors number by number, whatever files, shards,
/// row orders and dtypes hold them.
package struct CheckpointComparison: Sendable {
    /// A tensor of either.
    package struct Entry: Sendable {
        /// What it is for.
        package let role: TensorRole
        /// The stored types, nil where the tensor is not there.
        package let dtypes: (first: DType?, second: DType?)
        /// Shape of the whole, the first checkpoint's where they differ.
        package let shape: [Int]
        /// What came out.
        package let outcome: TensorOutcome
    }

    /// A value of the configuration on which they differ or only one of them speaks.
    package struct FieldDifference: Sendable, Equatable {
        /// Which.
        package let field: ConfigurationField
        /// As text; nil where a checkpoint does not say.
        package let first: String?
        /// As text; nil where a checkpoint does not say.
        package let second: String?
        /// Whether it makes another model of it. What only one checkpoint states does not, nor does tying the
        /// embeddings when the output head is there and compared.
        package let matters: Bool
    }

    /// The fields that are not the same.
    package let fields: [FieldDifference]
    /// The tensors, in the model's order.
    package let entries: [Entry]

    /// Compares. Every byte of both is read once, on all cores; memory does not grow with the model.
    ///
    /// - Parameter progress: told now and then, from any thread, how many bytes of how many are done.
    package init(
        _ first: Checkpoint, _ second: Checkpoint,
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(CheckpointError) {
        fields = CheckpointComparison.fields(first.configuration, second.configuration)
        let pairs = RolePair.all(first, second)
        let results = Mutex([Result<Entry, CheckpointError>?](repeating: nil, count: pairs.count))
        let next = Atomic(0)
        let done = Atomic(0)
        let total = pairs.reduce(0) { $0 + $1.byteCount }
        DispatchQueue.concurrentPerform(iterations: CheckpointComparison.threadCount) { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < pairs.count else { return }
                let result = Result { () throws(CheckpointError) in
                    try pairs[index].compare { progress(done.add($0, ordering: .relaxed).newValue, total) }
                }
                results.withLock { $0[index] = result }
            }
        }
        var entries: [Entry] = []
        for result in results.withLock({ $0 }) {
            if let result { entries.append(try result.get()) }
        }
        self.entries = entries
    }

    /// Reading is limited by memory, which a few threads use up.
    private static let threadCount = 4

    private static func fields(_ first: ModelConfiguration, _ second: ModelConfiguration) -> [FieldDifference]
    {
        ConfigurationField.allCases.compactMap { field in
            let (one, other) = (first.text(of: field), second.text(of: field))
            guard one != other else { return nil }
            let matters = one != nil && other != nil && field != .tiesEmbeddings
            return FieldDifference(field: field, first: one, second: other, matters: matters)
        }
    }

    /// Whether both are the same model to the last bit.
    package var isSame: Bool { isSame(tolerance: 0) }

    /// Whether both are the same model but for so many units in the last place of the narrower dtype.
    package func isSame(tolerance: Double) -> Bool {
        !fields.contains(where: \.matters)
            && entries.allSatisfy { entry in
                if case .differs(let difference) = entry.outcome {
                    return tolerance > 0 && difference.isWithin(ulps: tolerance)
                }
                return entry.outcome.isSame
            }
    }
}
