@testable import LlamaCheckpoints
import LlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaModel

/// Logits and greedy ids against transformers.
struct ReferenceTests {
    @Test(arguments: ReferenceModel.fixtures, InstructionSet.allCases.filter(\.isSupported))
    func agreesWithTransformersOnTheFixtures(name: String, instructionSet: InstructionSet) throws {
        try expectAgreement(ReferenceModel.fixture(name), instructionSet)
    }

    @Test(arguments: ReferenceModel.fixtures)
    func agreesWithTransformersWithExpandedWeights(name: String) throws {
        try expectAgreement(ReferenceModel.fixture(name, weights: .float32), .best)
    }

    @Test(
        .enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"),
        arguments: ReferenceModel.shared, InstructionSet.allCases.filter(\.isSupported))
    func agreesWithTransformersOnTheSharedCheckpoints(name: String, instructionSet: InstructionSet) throws {
        try expectAgreement(ReferenceModel.shared(name), instructionSet)
    }

    /// The same weights as `torch.save` stores them, in one file or in several with an index.
    @Test(arguments: ["hf-tied-f32", "hf-biased-bf16"])
    func agreesWithTransformersOnPytorchModels(name: String) throws {
        try withTemporaryFolder { folder in
            try PytorchCopy.write(Fixtures.checkpoint(name), to: folder)
            let model = try ReferenceModel(folder: folder)
            #expect(model.checkpoint.files.allSatisfy { $0.hasSuffix(".bin") })
            try expectAgreement(model, .best)
        }
    }

    @Test(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
    func agreesWithTransformersOnASharedPytorchModel() throws {
        try withTemporaryFolder { folder in
            try PytorchCopy.write(TestData.url("checkpoints/micro-hf-f32"), to: folder)
            try expectAgreement(ReferenceModel(folder: folder), .best)
        }
    }

    private func expectAgreement(_ model: ReferenceModel, _ instructionSet: InstructionSet) throws {
        let state = try InferenceState(
            model.checkpoint.configuration, slots: 1,
            length: max(model.inputIDs.count, model.greedyIDs.count),
            kernels: KernelContext(instructionSet: instructionSet, threads: 2))
        let logits = try state.logits(model.transformer, model.inputIDs)
        #expect(logits.count == model.logits.count)
        for (position, (mine, theirs)) in zip(logits, model.logits).enumerated() {
            let tolerance = 1e-3 * (theirs.map(abs).max() ?? 0)
            let error = zip(mine, theirs).map { abs($0 - $1) }.max() ?? .infinity
            #expect(error <= tolerance, "position \(position)")
            let ranked = theirs.sorted(by: >)
            if ranked[0] - ranked[1] > tolerance {
                #expect(argMax(mine) == argMax(theirs), "position \(position)")
            }
        }
        #expect(try greedyIDs(model, state) == model.greedyIDs)
    }

    private func greedyIDs(_ model: ReferenceModel, _ state: InferenceState) throws -> [Int32] {
        let generated = model.greedyIDs.count == 40 ? 24 : 16
        var ids = Array(model.greedyIDs.dropLast(generated))
        var next = argMax(try #require(try state.logits(model.transformer, ids).last))
        for _ in 0..<generated {
            ids.append(Int32(next))
            state.batch.removeAll()
            try state.batch.append(token: Int32(next), position: ids.count - 1, slot: 0)
            guard ids.count < model.greedyIDs.count else { break }
            try model.transformer.forward(state, logitsFor: [0]) { _, logits in
                next = argMax(logits.withUnsafeBufferPointer(Array.init))
            }
        }
        return ids
    }
}
