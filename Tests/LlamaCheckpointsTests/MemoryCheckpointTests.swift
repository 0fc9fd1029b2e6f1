import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// Checkpoints of tensors that are in no file.
struct MemoryCheckpointTests {
    private let configuration = ModelConfiguration(
        dim: 8, nLayers: 2, nHeads: 2, nKVHeads: 1, hiddenDim: 12, vocabularySize: 5, normEpsilon: 1e-5,
        ropeTheta: 10_000, contextLength: 16)

    private func tensor(_ shape: [Int], _ dtype: DType = .float32) throws -> Tensor {
        let size = shape.reduce(1, *) * dtype.blockSize
        let buffer = try #require(OwnedBuffer(reserving: size) { _ in })
        return try #require(Tensor(dtype: dtype, shape: shape, storage: buffer, byteOffset: 0))
    }

    @Test func hasEveryRole() throws {
        let checkpoint = try Checkpoint(configuration, named: "toy") {
            try tensor($0.shape(in: configuration))
        }
        #expect(Set(checkpoint.weights.keys) == Set(TensorRole.all(of: configuration)))
        #expect(checkpoint.weightByteCount == 4 * configuration.parameterCount)
        #expect(checkpoint.mappedFiles.isEmpty && checkpoint.files.isEmpty)
        try checkpoint.checkUnchanged()
    }

    @Test func refusesTensorsThatDoNotFit() throws {
        let shape = #expect(throws: CheckpointError.self) {
            try Checkpoint(configuration, named: "toy") { role in
                try tensor(role == .output ? [5, 9] : role.shape(in: configuration))
            }
        }
        #expect(
            try #require(shape).description
                == "toy: output.weight: expected shape [5, 8] by the configuration, found [5, 9]")
        #expect(throws: CheckpointError.self) {
            try Checkpoint(configuration, named: "toy") {
                try tensor($0.shape(in: configuration), .int32)
            }
        }
    }
}
