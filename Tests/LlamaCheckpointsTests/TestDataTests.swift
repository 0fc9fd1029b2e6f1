@testable import LlamaCheckpointTestSupport
@testable import LlamaFiles
import Foundation
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints

/// What a checkpoint of the test data holds.
struct KnownCheckpoint: Sendable, CustomTestStringConvertible {
    let name: String
    var dtype = DType.float16
    var nKVHeads = 4
    var headDim = 8
    var vocabularySize = 512
    var scaling = RoPEConfiguration.Scaling.none
    var theta = 10000.0
    var isTied = false
    var files = 1

    var testDescription: String { name }

    private static func llama3(_ factor: Double) -> RoPEConfiguration.Scaling {
        .llama3(factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192)
    }

    static let all: [KnownCheckpoint] = [
        KnownCheckpoint(
            name: "micro-hf-bf16-sharded-linear-rope", dtype: .bfloat16, nKVHeads: 2,
            scaling: .linear(factor: 4), files: 3),
        KnownCheckpoint(name: "micro-hf-f32", dtype: .float32),
        KnownCheckpoint(name: "micro-hf-headdim-f16", headDim: 16),
        KnownCheckpoint(
            name: "micro-hf-llama32-tied-bf16", dtype: .bfloat16, nKVHeads: 2, scaling: llama3(32),
            theta: 500_000, isTied: true),
        KnownCheckpoint(name: "micro-meta-f16", nKVHeads: 8),
        KnownCheckpoint(name: "micro-meta-f16-gqa-2shards", files: 2),
        KnownCheckpoint(
            name: "micro-meta-llama31-bf16-2shards", dtype: .bfloat16, nKVHeads: 2, scaling: llama3(8),
            theta: 500_000, files: 2),
        KnownCheckpoint(name: "micro-meta-safetensors-f16"),
    ]
}

@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct TestDataTests {
    private func open(_ name: String) throws -> Checkpoint {
        try Checkpoint(at: TestData.path("checkpoints/\(name)"), logger: .silent)
    }

    @Test(arguments: KnownCheckpoint.all)
    func opensMicroCheckpoints(known: KnownCheckpoint) throws {
        let checkpoint = try open(known.name)
        let isMeta = known.name.contains("meta")
        let expected = ModelConfiguration(
            dim: 64, nLayers: 2, nHeads: 8, nKVHeads: known.nKVHeads, headDim: known.headDim, hiddenDim: 176,
            vocabularySize: known.vocabularySize, normEpsilon: 1e-5,
            rope: RoPEConfiguration(theta: known.theta, scaling: known.scaling),
            ropeLayout: isMeta ? .interleaved : .halves, tiesEmbeddings: known.isTied,
            hasAttentionBias: false,
            hasFeedForwardBias: false, contextLength: isMeta ? nil : 2048, stopTokens: isMeta ? [] : [2])
        #expect(checkpoint.configuration == expected)
        #expect(checkpoint.naming == (isMeta ? .meta : .huggingFace))
        #expect(checkpoint.files.count == known.files)
        #expect(checkpoint.dtypes == [known.dtype])
        #expect(checkpoint.weightByteCount >= expected.parameterCount * known.dtype.blockSize)
    }

    /// Every part is a view of a mapped file: opening copied nothing.
    @Test(arguments: KnownCheckpoint.all.map(\.name) + ["stories260K"])
    func keepsWeightsInTheMap(name: String) throws {
        let checkpoint = try open(name)
        for role in TensorRole.all(of: checkpoint.configuration) {
            let weight = try checkpoint.weight(role)
            #expect(
                weight.parts.allSatisfy {
                    ($0.storage as? MappedFile)?.path.hasPrefix(checkpoint.folder) == true
                })
        }
    }

    @Test func opensStories260K() throws {
        let checkpoint = try open("stories260K")
        let configuration = checkpoint.configuration
        #expect(configuration.dim == 64 && configuration.nLayers == 5)
        #expect(configuration.nHeads == 8 && configuration.nKVHeads == 4 && configuration.headDim == 8)
        #expect(configuration.hiddenDim == 172 && configuration.vocabularySize == 512)
        #expect(configuration.rope == RoPEConfiguration(theta: 10000, scaling: .none))
        #expect(checkpoint.dtypes == [.float32])
        let norm = try checkpoint.weight(.norm).floats
        #expect(norm.count == 64 && norm.allSatisfy { $0.isFinite && $0 != 0 })
    }
}
