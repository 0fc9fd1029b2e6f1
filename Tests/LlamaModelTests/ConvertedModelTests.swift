@testable import LlamaConversion
import Foundation
import LlamaKernels
import Logging
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints
@testable import LlamaModel

/// A converted model says what the original says.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct ConvertedModelTests {
    private static let ids: [Int32] = [1, 17, 403, 29, 3, 250, 77, 9]
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func open(_ path: String) throws -> Checkpoint { try Checkpoint(at: path, logger: Self.logger) }

    private func logits(_ checkpoint: Checkpoint) throws -> [[Float]] {
        let state = try InferenceState(
            checkpoint.configuration, slots: 1, length: Self.ids.count, rows: 8,
            kernels: KernelContext(threads: 1))
        return try state.logits(Transformer(checkpoint), Self.ids)
    }

    private func convert(
        _ checkpoint: Checkpoint, _ format: CheckpointFormat, _ dtype: DType? = nil, shards: Int? = nil,
        to path: String
    ) throws -> Checkpoint {
        var options = ConversionOptions(format: format)
        (options.dtype, options.shards) = (dtype, shards)
        _ = try Converter(ConversionPlan(checkpoint, options), to: path).run()
        return try open(path)
    }

    /// How far apart the furthest two are, as a part of the largest.
    private func distance(_ first: [[Float]], _ second: [[Float]]) -> Float {
        let (first, second) = (Array(first.joined()), Array(second.joined()))
        let largest = first.map(\.magnitude).max() ?? 1
        return (zip(first, second).map { abs($0 - $1) }.max() ?? .infinity) / largest
    }

    /// To the last bit, whatever the format and the order of rows of q and k. Only of wo and w2 every model-parallel
    /// shard adds its share by itself, so that another number of shards is another order of adding.
    @Test(
        arguments: [
            "micro-hf-f32", "micro-meta-f16-gqa-2shards", "micro-hf-llama32-tied-bf16", "stories260K",
        ], CheckpointFormat.allCases)
    func hasTheSameLogits(name: String, format: CheckpointFormat) throws {
        if name.contains("llama32"), format == .llama2c { return }
        try withTemporaryFolder { folder in
            let original = try open(TestData.path("checkpoints/\(name)"))
            let expected = try logits(original)
            let other = try convert(
                original, format, to: folder.appending(path: "other").path + suffix(format))
            if !name.contains("2shards") {
                #expect(try logits(other) == expected)
            } else {
                #expect(try distance(expected, logits(other)) < 1e-6)
            }
            let own: CheckpointFormat = original.naming == .meta ? .meta : .huggingFace
            let back = try convert(
                other, own, format == .llama2c ? original.dtypes[0] : nil,
                shards: original.files.count,
                to: folder.appending(path: "back").path)
            #expect(try logits(back) == expected)
        }
    }

    /// Rows that are not whole blocks are stored in float16, and the model still says about the same.
    @Test(
        arguments: [(DType.q8_0, Float(0.2)), (.q4_0, 1)],
        ["micro-hf-headdim-f16", "micro-meta-f16", "stories260K"])
    func storesRowsThatAreNoWholeBlocksInFloat16(dtype: (DType, tolerance: Float), name: String) throws {
        try withTemporaryFolder { folder in
            let original = try open(TestData.path("checkpoints/\(name)"))
            let small = try convert(
                original, .gguf, dtype.0, to: folder.appending(path: "small.gguf").path)
            // Its feed-forward layer is 176 or 172 wide, which is no multiple of 32.
            #expect(try small.weight(.layer(0, .w2)).dtype == .float16)
            #expect(try small.weight(.layer(0, .w1)).dtype == dtype.0)
            let apart = try distance(logits(original), logits(small))
            #expect(apart < dtype.tolerance && apart > 0, "\(apart)")
        }
    }

    /// The fixture is as wide as blocks are.
    @Test(arguments: [(DType.q8_0, Float(0.2)), (.q4_0, 1)])
    func staysCloseOnBlocks(dtype: DType, tolerance: Float) throws {
        let path = try Fixtures.checkpoint("hf-tied-f32").path
        try withTemporaryFolder { folder in
            let original = try open(path)
            let small = try convert(original, .gguf, dtype, to: folder.appending(path: "small.gguf").path)
            #expect(small.dtypes.first == dtype)
            let ids = Self.ids.map { $0 % Int32(original.configuration.vocabularySize) }
            func run(_ checkpoint: Checkpoint, _ activations: ActivationType) throws -> [[Float]] {
                let state = try InferenceState(
                    checkpoint.configuration, slots: 1, length: ids.count, rows: 8,
                    kernels: KernelContext(activations: activations, threads: 1))
                return try state.logits(Transformer(checkpoint), ids)
            }
            for activations in ActivationType.allCases {
                let apart = try distance(run(original, .float32), run(small, activations))
                #expect(apart < tolerance && apart > 0, "\(activations): \(apart)")
            }
            let wide = try convert(
                small, .huggingFace, .float32, to: folder.appending(path: "wide").path)
            let rest = try distance(run(small, .float32), run(wide, .float32))
            #expect(rest < 0.01, "\(rest)")
        }
    }

    private func suffix(_ format: CheckpointFormat) -> String {
        switch format {
        case .gguf: ".gguf"
        case .llama2c: ".bin"
        case .meta, .metaSafetensors, .huggingFace: ""
        }
    }
}
