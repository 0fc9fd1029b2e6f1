@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaKernels
import LlamaTensors
import LlamaTestSupport
import Synchronization
import Testing

@testable import LlamaCheckpoints
@testable import LlamaModel

/// A model that is quantized while it is loaded is the one that a conversion to GGUF would have written.
struct QuantizedLoadingTests {
    static let types: [Transformer.WeightType] = [.q8_0, .q6_K, .q4_K, .q4_0]

    private func logits(_ transformer: Transformer, _ activations: ActivationType) throws -> [[Float]] {
        let ids = [1, 17, 403, 29, 3, 250, 77, 9].map {
            Int32($0 % transformer.configuration.vocabularySize)
        }
        let state = try InferenceState(
            transformer.configuration, slots: 1, length: ids.count, rows: 8,
            kernels: KernelContext(activations: activations, threads: 1))
        return try state.logits(transformer, ids)
    }

    /// What the loading said.
    private final class Notices: Sendable {
        let lines = Mutex<[String]>([])
    }

    /// Loads with two threads and collects the notices.
    private func load(
        _ checkpoint: Checkpoint, _ type: Transformer.WeightType
    ) throws -> (transformer: Transformer, notices: [String]) {
        let notices = Notices()
        var loading = WeightLoading(type)
        loading.threads = 2
        loading.notice = { line in notices.lines.withLock { $0.append(line) } }
        return (try Transformer(checkpoint, loading), notices.lines.withLock { $0 })
    }

    private func expectEquality(_ checkpoint: Checkpoint, _ type: Transformer.WeightType) throws {
        let folder = try TemporaryFolder()
        var options = ConversionOptions(format: .gguf)
        options.dtype = type.quantization
        _ = try Converter(ConversionPlan(checkpoint, options), to: folder.path + "/x.gguf").run()
        let converted = try Transformer(folder.open("x.gguf"))
        let (quantized, _) = try load(checkpoint, type)
        for activations in ActivationType.allCases {
            let expected = try logits(converted, activations)
            #expect(expected.allSatisfy { row in row.allSatisfy { $0.isFinite } })
            #expect(try logits(quantized, activations) == expected, "\(type) \(activations)")
            #expect(try logits(Transformer(checkpoint), activations) != expected, "\(type) \(activations)")
        }
    }

    /// Also of model-parallel shards, which are joined first.
    @Test(arguments: ["meta-2shards-f16", "hf-biased-bf16", "hf-tied-f32"], types)
    func equalsTheConvertedFixture(name: String, type: Transformer.WeightType) throws {
        try expectEquality(Checkpoint(at: Fixtures.checkpoint(name).path, logger: .silent), type)
    }

    @Test(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"), arguments: types)
    func equalsTheConvertedStories(type: Transformer.WeightType) throws {
        try expectEquality(Checkpoint(at: TestData.path("checkpoints/stories260K"), logger: .silent), type)
    }

    /// Blocks of 256 in rows of 256, of 32 in `wo`, and none in `w2`. Small, since debug builds quantize slowly.
    private static let wide = TinyModel(
        dim: 256, nLayers: 1, nHeads: 2, nKVHeads: 1, headDim: 32, hiddenDim: 8, vocabularySize: 40)

    /// Wide enough for blocks of 256.
    @Test(arguments: [false, true], types)
    func equalsTheConvertedWideModel(isTied: Bool, type: Transformer.WeightType) throws {
        var model = Self.wide
        (model.isTied, model.dtype) = (isTied, isTied ? .float32 : .bfloat16)
        let source = try TemporaryFolder.huggingFace(model)
        try expectEquality(source.open(), type)
    }

    /// A conversion stores the output head once if it is a copy of the embedding that it is tied to.
    @Test(arguments: [Transformer.WeightType.q8_0, .q4_K])
    func equalsTheConvertedModelWithACopiedHead(type: Transformer.WeightType) throws {
        let source = try TemporaryFolder.huggingFace(
            TinyModel(dim: 64, nHeads: 2, headDim: 32, hiddenDim: 192, isTied: true))
        let folder = try TemporaryFolder()
        _ = try Converter(
            ConversionPlan(source.open(), ConversionOptions(format: .meta)), to: folder.path + "/meta"
        ).run()
        let meta = try folder.open("meta")
        #expect(!meta.configuration.tiesEmbeddings)
        try expectEquality(meta, type)
    }

    @Test func everyMatrixIsInMemory() throws {
        let source = try TemporaryFolder.huggingFace(
            TinyModel(dim: 256, nLayers: 1, nHeads: 2, headDim: 128, hiddenDim: 256))
        let (transformer, notices) = try load(source.open(), .q4_K)
        #expect(notices == [] && transformer.files.isEmpty)
    }

    @Test func doesNotDependOnThreads() throws {
        let source = try TemporaryFolder.huggingFace(Self.wide)
        let two = try load(source.open(), .q8_0).transformer
        let one = try Transformer(source.open(), weights: .q8_0)
        #expect(try logits(one, .int8) == logits(two, .int8))
    }

    @Test func saysWhatItHoldsOtherwise() throws {
        let source = try TemporaryFolder.huggingFace(
            TinyModel(dim: 64, nHeads: 2, headDim: 32, hiddenDim: 80, dtype: .float16))
        let (transformer, notices) = try load(source.open(), .q4_K)
        #expect(
            notices == [
                "lm_head.weight is held as Q8_0: Q6_K stores 256 weights of a row together, and the rows have 64",
                "13 tensors, such as model.embed_tokens.weight, are held as Q5_0: Q4_K stores 256 weights of a "
                    + "row together, and the rows have 64",
                "2 tensors, such as model.layers.0.mlp.down_proj.weight, are held as F16: Q4_K stores 256 "
                    + "weights of a row together, and the rows have 80",
            ], "\(notices.joined(separator: "\n"))")
        // Those in F16 already are used where they are.
        #expect(transformer.files.count == 1)
    }

    /// Blocks are not quantized again.
    @Test func keepsBlocks() throws {
        let source = try TemporaryFolder.huggingFace(Self.wide)
        let folder = try TemporaryFolder()
        var options = ConversionOptions(format: .gguf)
        options.dtype = .q4_K
        _ = try Converter(ConversionPlan(source.open(), options), to: folder.path + "/x.gguf").run()
        let stored = try logits(Transformer(folder.open("x.gguf")), .int8)
        let (small, notices) = try load(folder.open("x.gguf"), .q8_0)
        #expect(try logits(small, .int8) == stored)
        let rest = ", as stored: only F32, F16 and BF16 are quantized"
        #expect(
            notices == [
                "blk.0.ffn_down.weight is held as F16: Q8_0 stores 32 weights of a row together, and the rows have 8",
                "6 tensors, such as token_embd.weight, are kept as Q4_K" + rest,
                "blk.0.attn_output.weight is kept as Q5_0" + rest, "output.weight is kept as Q6_K" + rest,
            ], "\(notices.joined(separator: "\n"))")
        // What the rule says is not worth a line.
        #expect(try load(folder.open("x.gguf"), .q4_K).notices.count == 1)
    }

    /// With the position in the file, of the first in the order of rows, whatever the thread.
    @Test(arguments: [
        (Float.nan, "expected finite weights to store as Q4_K, found nan"),
        (-5e7, "expected a weight of at most 4e6, which Q4_K can store, found -5e+07"),
    ]) func refusesWhatItWouldHide(value: Float, message: String) throws {
        var tensors = Self.wide.tensors(.huggingFace)
        let name = "model.layers.0.self_attn.q_proj.weight"
        let index = try #require(tensors.firstIndex { $0.name == name })
        for row in [33, 63] {
            tensors[index].bytes.replaceSubrange(
                (row * 256 + 17) * 4..<(row * 256 + 18) * 4,
                with: withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init))
        }
        let source = try TemporaryFolder.huggingFace(Self.wide)
        try source.write("model.safetensors", SafetensorsBuilder.bytes(tensors))
        let error = #expect(throws: CheckpointError.self) { try load(source.open(), .q4_K) }
        #expect(
            error?.description == source.path
                + "/model.safetensors: \(name): row 33, column 17: \(message); "
                + "use the weights as they are stored")
        #expect(throws: Never.self) { try load(source.open(), .stored) }
    }

    @Test func stopsWhenAsked() throws {
        let source = try TemporaryFolder.huggingFace(Self.wide)
        let seen = Seen()
        // Bytes of the matrices in float32.
        let expected = 4 * 256 * (2 * 40 + 2 * 64 + 2 * 32 + 3 * 8)
        var loading = WeightLoading(.q8_0)
        loading.progress = { done, total in
            seen.values.withLock { $0.append((done, total)) }
            return done < total / 2
        }
        #expect(throws: LoadingError.interrupted) { try Transformer(source.open(), loading) }
        let values = seen.values.withLock { $0 }
        let last = values.last?.0 ?? 0
        #expect(values.allSatisfy { $0.1 == expected } && last >= expected / 2 && last < expected)
    }

    /// What the progress was.
    private final class Seen: Sendable {
        let values = Mutex<[(Int, Int)]>([])
    }
}
