@testable import LlamaCheckpointTestSupport
@testable import LlamaCheckpoints
import LlamaKernels
import Testing

@testable import LlamaModel

/// Bit for bit the same logits of quantized models, however a sequence is computed.
struct QuantizedDeterminismTests {
    private static let types: [Transformer.WeightType] = [.q8_0, .q4_0, .q4_K, .q6_K]
    private static let activations: [ActivationType] = [.int8, .float32]

    /// Blocks of 256 in most matrices, of 32 in the rows of 96 of `wo`.
    private static let shape = TinyModel(
        dim: 256, nLayers: 1, nHeads: 3, nKVHeads: 1, headDim: 32, hiddenDim: 256, vocabularySize: 40)

    /// Quantized once, since debug builds take their time.
    private static let models = Result {
        let folder = try TemporaryFolder.huggingFace(shape)
        return try Dictionary(
            uniqueKeysWithValues: types.map { ($0, try Transformer(folder.open(), weights: $0)) })
    }

    /// The model with every instruction set.
    private func runs(_ type: Transformer.WeightType, _ activations: ActivationType) throws -> [LogitsRun] {
        let model = try #require(Self.models.get()[type])
        let ids = (0..<18).map { Int32($0 * 17 % Self.shape.vocabularySize) }
        return DeterminismTests.sets.map {
            LogitsRun(model: model, ids: ids, set: $0, activations: activations)
        }
    }

    @Test(arguments: types, activations)
    func logitsDoNotDependOnTheInstructionSet(
        type: Transformer.WeightType, activations: ActivationType
    ) throws {
        let runs = try runs(type, activations)
        let expected = try #require(runs.first { $0.set == .reference }).logits()
        #expect(expected.allSatisfy { $0.allSatisfy(\.isFinite) } && Set(expected).count == 18)
        for run in runs { #expect(try run.logits() == expected, "\(run.set)") }
    }

    @Test(arguments: types, activations)
    func logitsDoNotDependOnThreads(type: Transformer.WeightType, activations: ActivationType) throws {
        for run in try runs(type, activations) { try run.expectTheSameOfThreads() }
    }

    @Test(arguments: types, activations)
    func logitsDoNotDependOnChunks(type: Transformer.WeightType, activations: ActivationType) throws {
        for run in try runs(type, activations) { try run.expectTheSameOfChunks() }
    }

    @Test(arguments: types, activations)
    func logitsDoNotDependOnTheBatch(type: Transformer.WeightType, activations: ActivationType) throws {
        for run in try runs(type, activations) { try run.expectTheSameOfBatches() }
    }
}
