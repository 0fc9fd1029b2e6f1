@testable import LlamaCheckpoints
import LlamaKernels
import Testing

@testable import LlamaModel

/// Bit for bit the same logits however a sequence is computed.
struct DeterminismTests {
    static let sets = InstructionSet.allCases.filter(\.isSupported)

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnTheInstructionSet(name: String, set: InstructionSet) throws {
        #expect(try run(name, set).logits() == run(name, .reference).logits())
    }

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnThreads(name: String, set: InstructionSet) throws {
        try run(name, set).expectTheSameOfThreads()
    }

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnChunks(name: String, set: InstructionSet) throws {
        try run(name, set).expectTheSameOfChunks()
    }

    @Test(arguments: ReferenceModel.fixtures, sets)
    func logitsDoNotDependOnTheBatch(name: String, set: InstructionSet) throws {
        try run(name, set).expectTheSameOfBatches()
    }

    /// Those are the processor's own, so that they are not compared with the reference.
    @Test(
        .enabled(
            if: InstructionSet.best.multipliesBFloat16, "this processor cannot multiply numbers of bfloat16"),
        arguments: sets.filter(\.multipliesBFloat16))
    func logitsOfBfloat16ActivationsDoNotDependOnTheRest(set: InstructionSet) throws {
        var run = try run("hf-biased-bf16", set)
        run.activations = .bfloat16
        try run.expectTheSameOfThreads()
        try run.expectTheSameOfChunks()
        try run.expectTheSameOfBatches()
    }

    @Test func aSlotThatIsUsedAgainForgetsItsFirstSequence() throws {
        let run = try run("meta-2shards-f16", .best)
        let used = try run.state()
        _ = try used.logits(run.model, run.ids.reversed(), slot: 3)
        let ids = Array(run.ids.prefix(9))
        let again = try used.logits(run.model, ids, slot: 3)
        #expect(try again == run.state().logits(run.model, ids))
    }

    private func run(_ name: String, _ set: InstructionSet) throws -> LogitsRun {
        let model = try ReferenceModel.fixture(name)
        return LogitsRun(model: model.transformer, ids: model.greedyIDs, set: set)
    }
}
