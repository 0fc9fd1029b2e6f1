import LlamaCheckpoints
import Dispatch
import LlamaFiles
import Synchronization
import LlamaTensors

/// A comparison of two checkpoints: configuration field by field, tensors value by value, independent of files, shards,
/// row orders and dtypes.
package struct CheckpointComparison: Sendable {
    /// A tensor that either has.
    package struct Entry: Sendable {
        /// Its role.
        package let role: TensorRole
        /// The stored types, nil where the tensor is not there.
        package let dtypes: (first: DType?, second: DType?)
        /// Shape of the whole, the first checkpoint's where they differ.
        package let shape: [Int]
        /// The result.
        package let outcome: TensorOutcome
    }

    /// A value of the configuration that differs, or that only one of them states.
    package struct FieldDifference: Sendable, Equatable {
        /// The field.
        package let field: ConfigurationField
        /// As text; nil where the checkpoint does not state it.
        package let first: String?
        /// As text; nil where the checkpoint does not state it.
        package let second: String?
        /// Whether the models differ by it. A value that only one checkpoint states does not count, nor do tied
        /// embeddings: the output head is compared itself.
        package let matters: Bool
    }

    /// The fields that differ.
    package let fields: [FieldDifference]
    /// The tensors, in the order of the model.
    package let entries: [Entry]

    /// Compares. Reads every byte of both once, on several threads; memory does not grow with the model.
    ///
    /// - Parameter progress: Told from time to time, from any thread, how many bytes of how many are done.
    /// - Throws: Why a tensor cannot be read, or that a file changed meanwhile.
    package init(
        _ first: Checkpoint, _ second: Checkpoint,
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(CheckpointError) {
        for file in first.mappedFiles + second.mappedFiles { file.rememberContents() }
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
        try first.checkUnchanged()
        try second.checkUnchanged()
        var entries: [Entry] = []
        for (result, pair) in zip(results.withLock({ $0 }), pairs) {
            guard let result else { throw pair.notCompared(in: second.folder) }
            entries.append(try result.get())
        }
        self.entries = entries
    }

    /// Reading is bound by memory bandwidth, which a few threads saturate.
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

    /// Whether both are the same model, bit for bit.
    package var isSame: Bool { isSame(tolerance: 0) }

    /// Whether both are the same model within `tolerance` units in the last place of the narrower dtype.
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
