@testable import LlamaCheckpoints
import LlamaKernels
import Testing

@testable import LlamaModel

/// Bit for bit the same logits however a sequence is computed.
struct DeterminismTests {
    static let sets = InstructionSet.allCases.filter(\.isSupported)

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnTheInstructionSet(name: String, set: InstructionSet) throws {
        let model = try ReferenceModel.fixture(name)
        let logits = try state(model, .reference).logits(model.transformer, model.greedyIDs)
        #expect(try state(model, set).logits(model.transformer, model.greedyIDs) == logits)
    }

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnThreads(name: String, set: InstructionSet) throws {
        let model = try ReferenceModel.fixture(name)
        let ids = model.greedyIDs
        let alone = try state(model, set, threads: 1).logits(model.transformer, ids)
        for threads in [2, 3] {
            #expect(try state(model, set, threads: threads).logits(model.transformer, ids) == alone)
        }
    }

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnChunks(name: String, set: InstructionSet) throws {
        let model = try ReferenceModel.fixture(name)
        let ids = model.greedyIDs
        let whole = try state(model, set).logits(model.transformer, ids)
        for chunks in [[1, 2, 3, 5, 8], [7, 1, 7, 1], Array(repeating: 1, count: ids.count)] {
            #expect(try state(model, set).logits(model.transformer, ids, chunks: chunks) == whole)
        }
    }

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnTheBatch(name: String, set: InstructionSet) throws {
        let model = try ReferenceModel.fixture(name)
        let sequences = (0..<8).map { Array(model.greedyIDs.dropFirst($0)) }
        let together = try state(model, set)
        var results = [[[Float]]](repeating: [], count: sequences.count)
        together.batch.removeAll()
        var owners: [Int] = []
        for (slot, ids) in sequences.enumerated() {
            for (position, id) in ids.enumerated() {
                try together.batch.append(token: id, position: position, slot: slot)
                owners.append(slot)
            }
        }
        try model.transformer.forward(together, logitsFor: Array(owners.indices)) { row, logits in
            results[owners[row]].append(logits.withUnsafeBufferPointer(Array.init))
        }
        for (ids, result) in zip(sequences, results) {
            #expect(try state(model, set).logits(model.transformer, ids) == result)
        }
    }

    @Test func aSlotThatIsUsedAgainForgetsItsFirstSequence() throws {
        let model = try ReferenceModel.fixture("meta-2shards-f16")
        let used = try state(model, .best)
        _ = try used.logits(model.transformer, model.greedyIDs.reversed(), slot: 3)
        let ids = Array(model.greedyIDs.prefix(9))
        let again = try used.logits(model.transformer, ids, slot: 3)
        #expect(try again == state(model, .best).logits(model.transformer, ids))
    }

    private func state(_ model: ReferenceModel, _ set: InstructionSet, threads: Int = 2) throws
        -> InferenceState
    {
        try InferenceState(
            model.checkpoint.configuration, slots: 8, length: model.greedyIDs.count, rows: 512,
            kernels: KernelContext(instructionSet: set, threads: threads))
    }
}
