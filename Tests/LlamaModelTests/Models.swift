import LlamaTensors
import LlamaKernels
import Foundation
import Logging
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints
@testable import LlamaModel

/// A checkpoint with what transformers computes with it.
struct ReferenceModel {
    let checkpoint: Checkpoint
    let transformer: Transformer
    let inputIDs: [Int32]
    /// `[inputIDs.count][vocabularySize]`.
    let logits: [[Float]]
    /// Prompt and greedy continuation.
    let greedyIDs: [Int32]

    init(folder: URL, weights: Transformer.WeightType = .stored) throws {
        checkpoint = try Checkpoint(
            at: folder.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        transformer = try Transformer(checkpoint, weights: weights)
        let expected = try SafetensorsFile.open(folder.appending(path: "expected.safetensors").path).tensors
        func ids(_ name: String) throws -> [Int32] {
            let tensor = try #require(expected[name])
            let base = try #require(tensor.baseAddress)
            return (0..<tensor.count).map { index in
                tensor.dtype == .int64
                    ? Int32(base.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
                    : base.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)
            }
        }
        inputIDs = try ids("input_ids")
        greedyIDs = try ids("greedy_ids")
        let tensor = try #require(expected["logits"])
        let flat = try #require(tensor.floats())
        let width = flat.count / inputIDs.count
        logits = stride(from: 0, to: flat.count, by: width).map { Array(flat[$0..<$0 + width]) }
    }

    static let fixtures = ["meta-2shards-f16", "hf-biased-bf16", "hf-tied-f32"]
    static let shared = [
        "micro-hf-bf16-sharded-linear-rope", "micro-hf-f32", "micro-hf-headdim-f16",
        "micro-hf-llama32-tied-bf16",
        "micro-meta-f16", "micro-meta-f16-gqa-2shards", "micro-meta-llama31-bf16-2shards",
        "micro-meta-safetensors-f16",
    ]

    static func fixture(_ name: String, weights: Transformer.WeightType = .stored) throws -> ReferenceModel {
        try ReferenceModel(folder: Fixtures.checkpoint(name), weights: weights)
    }

    static func shared(_ name: String) throws -> ReferenceModel {
        try ReferenceModel(folder: TestData.url("checkpoints/\(name)"))
    }
}

extension InferenceState {
    /// Logits of every id of one sequence in `slot`, run in passes of the given sizes (the last for the rest).
    func logits(_ model: Transformer, _ ids: [Int32], slot: Int = 0, chunks: [Int] = []) throws -> [[Float]] {
        var result: [[Float]] = []
        var position = 0
        var sizes = chunks[...]
        while position < ids.count {
            let count = min(sizes.popFirst() ?? rowCapacity, ids.count - position, rowCapacity)
            batch.removeAll()
            for index in position..<position + count {
                try batch.append(token: ids[index], position: index, slot: slot)
            }
            try model.forward(self, logitsFor: Array(0..<count)) { _, logits in
                result.append(logits.withUnsafeBufferPointer(Array.init))
            }
            position += count
        }
        return result
    }
}

func argMax(_ values: [Float]) -> Int { values.indices.max { values[$0] < values[$1] } ?? 0 }
