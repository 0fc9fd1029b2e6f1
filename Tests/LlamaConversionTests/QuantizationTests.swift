@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaTensors
import Synchronization
import Testing

@testable import LlamaCheckpoints

/// Quantization hides no damage, and stores in float16 what does not fit its blocks.
struct QuantizationTests {
    private static let model = TinyModel(dim: 32, nHeads: 2, nKVHeads: 2, headDim: 16, hiddenDim: 64)

    /// Wide enough for blocks of 256, except for `wo` and `w2`. Debug builds quantize slowly.
    private static let wide = TinyModel(
        dim: 256, nLayers: 1, nHeads: 2, nKVHeads: 1, headDim: 4, hiddenDim: 8)

    /// A value at a position of a tensor in one of the source's files.
    struct Flaw: Sendable, CustomTestStringConvertible {
        let tensor: String
        let row: Int
        let column: Int
        let value: Float

        var testDescription: String { "\(value) in \(tensor)" }

        func apply(to tensors: [TestTensor]) throws -> [TestTensor] {
            var tensors = tensors
            let index = try #require(tensors.firstIndex { $0.name == tensor })
            let offset = row * (tensors[index].shape.last ?? 0) + column
            let bytes = withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
            tensors[index].bytes.replaceSubrange(offset * 4..<offset * 4 + 4, with: bytes)
            return tensors
        }
    }

    private func huggingFace(_ flaw: Flaw?, _ model: TinyModel = Self.model) throws -> TemporaryFolder {
        let folder = try TemporaryFolder.huggingFace(model)
        let tensors = try flaw?.apply(to: model.converted) ?? model.converted
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(tensors))
        return folder
    }

    private func converter(
        _ source: TemporaryFolder, _ path: String, _ dtype: DType = .q8_0, allows: Bool = false,
        resumes: Bool = false
    ) throws -> Converter {
        var options = ConversionOptions(format: .gguf)
        options.dtype = dtype
        var behavior = Converter.Behavior()
        (behavior.threads, behavior.flushInterval) = (1, 1)
        (behavior.allowsNonFinite, behavior.resumes) = (allows, resumes)
        return try Converter(ConversionPlan(source.open(), options), to: path, behavior)
    }

    private func refusal(_ source: TemporaryFolder, _ dtype: DType = .q8_0) throws -> String {
        let folder = try TemporaryFolder()
        let converter = try converter(source, folder.path + "/out.gguf", dtype)
        let error = #expect(throws: ConversionError.self) { try converter.run() }
        #expect(try folder.files()["out.gguf"] == nil)
        return (error?.description ?? "").replacingOccurrences(of: source.path, with: "DIR")
    }

    static let flaws = [
        (
            Flaw(tensor: "model.layers.1.mlp.down_proj.weight", row: 3, column: 37, value: .nan),
            "row 3, column 37: expected finite weights to store as Q8_0, found nan"
        ),
        // Its neighbors in the block would become NaN.
        (
            Flaw(tensor: "model.embed_tokens.weight", row: 15, column: 31, value: 1e30),
            "row 15, column 31: expected a weight of at most 8.32e6, which Q8_0 can store, found 1e+30"
        ),
        (
            Flaw(tensor: "lm_head.weight", row: 0, column: 0, value: -.infinity),
            "row 0, column 0: expected finite weights to store as Q8_0, found -inf"
        ),
        // Rows of q and k are permuted on the way.
        (
            Flaw(tensor: "model.layers.0.self_attn.q_proj.weight", row: 21, column: 5, value: .infinity),
            "row 21, column 5: expected finite weights to store as Q8_0, found inf"
        ),
        // Norms are kept as they are.
        (
            Flaw(tensor: "model.norm.weight", row: 0, column: 9, value: .nan),
            "element 9: expected finite weights to store as F32, found nan"
        ),
    ]

    @Test(arguments: flaws) func refusesWhatItWouldHide(flaw: Flaw, message: String) throws {
        let line = try refusal(huggingFace(flaw))
        #expect(line == "DIR/model.safetensors: \(flaw.tensor): \(message)")
    }

    @Test func eachFormatHasItsLimit() throws {
        func found(_ value: Float, _ dtype: DType, _ model: TinyModel = Self.model) throws -> String {
            let flaw = Flaw(
                tensor: "model.layers.0.mlp.up_proj.weight", row: 7, column: 30, value: value)
            let source = try huggingFace(flaw, model)
            let folder = try TemporaryFolder()
            do { _ = try converter(source, folder.path + "/out.gguf", dtype).run() } catch {
                return "\(error)".components(separatedBy: ": ").last ?? ""
            }
            return "none"
        }
        // 65520 is the first that float16 rounds to infinity.
        #expect(try found(127 * 65519, .q8_0) == "none")
        #expect(
            try found(127 * 65520, .q8_0)
                == "expected a weight of at most 8.32e6, which Q8_0 can store, found 8321040.0")
        #expect(try found(-8 * 65519, .q4_0) == "none")
        #expect(try found(2.6e8, .q6_K, Self.wide) == "none")
        #expect(
            try found(2.8e8, .q6_K, Self.wide)
                == "expected a weight of at most 2.66e8, which Q6_K can store, found 2.8e+08")
        #expect(try found(-4e6, .q4_K, Self.wide) == "none")
        #expect(
            try found(-4.2e6, .q4_K, Self.wide)
                == "expected a weight of at most 4e6, which Q4_K can store, found -4200000.0")
        #expect(try found(-16 * 65519, .q4_K) == "none")
        #expect(
            try found(-16 * 65520, .q4_K)
                == "expected a weight of at most 1.04e6, which Q5_0 can store, found -1048320.0")
        #expect(
            try found(-8 * 65520, .q4_0)
                == "expected a weight of at most 5.24e5, which Q4_0 can store, found -524160.0")
    }

    /// Positions are those of the shard's file.
    @Test(arguments: [
        ("layers.1.attention.wk.weight", 1, 9, 4), ("layers.1.attention.wo.weight", 1, 9, 4),
        ("layers.0.feed_forward.w2.weight", 0, 31, 30), ("tok_embeddings.weight", 1, 15, 15),
    ]) func namesTheShard(tensor: String, shard: Int, row: Int, column: Int) throws {
        let model = TinyModel(dim: 96, nHeads: 2, nKVHeads: 2, headDim: 48, hiddenDim: 256)
        let source = try TemporaryFolder.metaShards(2, model)
        let flaw = Flaw(tensor: tensor, row: row, column: column, value: .nan)
        let tensors = try flaw.apply(to: model.shard(shard, of: 2))
        try source.write("consolidated.0\(shard).pth", TorchBuilder(tensors).bytes)
        let line = try refusal(source, .q4_0)
        #expect(
            line == "DIR/consolidated.0\(shard).pth: \(tensor): row \(row), column \(column): "
                + "expected finite weights to store as Q4_0, found nan")
    }

    @Test func countsOnRequest() throws {
        let flaw = Flaw(tensor: "model.layers.1.mlp.down_proj.weight", row: 3, column: 37, value: 1e30)
        let source = try huggingFace(flaw)
        let folder = try TemporaryFolder()
        let record = try converter(source, folder.path + "/out.gguf", allows: true).run(
            verification: Converter.Verification(logger: .silent))
        #expect(record.hasDamage)
        for entry in record.entries {
            let isFlawed = entry.role == .layer(1, .w2)
            #expect(entry.loss?.overflowed ?? 0 == (isFlawed ? 32 : 0), "\(entry.name)")
            #expect(entry.loss?.isDamage ?? false == isFlawed, "\(entry.name)")
        }
        #expect(record.text.contains(#""overflowed":32,"#))
        let nan = try huggingFace(
            Flaw(tensor: "model.layers.1.mlp.down_proj.weight", row: 3, column: 37, value: .nan))
        let second = try converter(nan, folder.path + "/nan.gguf", allows: true).run()
        let loss = try #require(second.entries.first { $0.role == .layer(1, .w2) }?.loss)
        #expect(loss.nonFinite == 1 && loss.becameFinite == 1 && second.hasDamage)
        #expect(second.text.contains(#""non_finite":1,"became_finite":1"#))
    }

    /// A norm is not quantized, so its NaN stays one: counted, but not a difference.
    @Test func countsInTensorsThatAreKept() throws {
        let source = try huggingFace(Flaw(tensor: "model.norm.weight", row: 0, column: 9, value: .nan))
        let folder = try TemporaryFolder()
        let record = try converter(source, folder.path + "/out.gguf", allows: true).run()
        let loss = try #require(record.entries.first { $0.role == .norm }?.loss)
        #expect(loss.nonFinite == 1 && loss.isNone && !record.hasDamage)
    }

    /// What one run was allowed to quantize, a run that resumes it without that is not.
    @Test func resumingRefusesToo() throws {
        let source = try huggingFace(
            Flaw(tensor: "model.embed_tokens.weight", row: 2, column: 2, value: .nan))
        let whole = try TemporaryFolder()
        _ = try converter(source, whole.path + "/out.gguf", allows: true).run()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out.gguf"
        let calls = Mutex(0)
        let error = #expect(throws: ConversionError.self) {
            try converter(source, path, allows: true).run(isInterrupted: {
                calls.withLock {
                    $0 += 1
                    return $0 > 40
                }
            })
        }
        guard case .interrupted = error else { return #expect(Bool(false), "\(String(describing: error))") }
        let refused = #expect(throws: ConversionError.self) {
            try converter(source, path, resumes: true).run()
        }
        #expect(refused?.description.contains("row 2, column 2") == true)
        _ = try converter(source, path, allows: true, resumes: true).run()
        #expect(try folder.files() == whole.files())
    }

    /// Nor may a complete output be published that an earlier run was allowed to write.
    @Test func resumingAFinishedOutputRefusesToo() throws {
        let source = try huggingFace(
            Flaw(tensor: "model.embed_tokens.weight", row: 2, column: 2, value: .nan))
        let folder = try TemporaryFolder()
        let path = folder.path + "/out.gguf"
        var killed = try converter(source, path, allows: true)
        killed.destination.beforeChange = { () throws(ConversionError) in throw .interrupted(path: "") }
        #expect(throws: ConversionError.self) { try killed.run() }
        let refused = #expect(throws: ConversionError.self) {
            try converter(source, path, resumes: true).run()
        }
        #expect(
            refused?.description
                == "\(path).converting: cannot be resumed: it has quantized weights that are not finite")
        _ = try converter(source, path, allows: true, resumes: true).run()
        #expect(try folder.files()["out.gguf"] != nil)
    }

    /// Without quantization, what is not finite stays as it is.
    @Test func otherTypesKeepWhatIsNotFinite() throws {
        let source = try huggingFace(
            Flaw(tensor: "model.layers.0.mlp.up_proj.weight", row: 2, column: 2, value: .nan))
        let folder = try TemporaryFolder()
        let kept = try converter(source, folder.path + "/f16.gguf", .float16).run()
        let loss = try #require(kept.entries.first { $0.role == .layer(0, .w3) }?.loss)
        #expect(loss.nonFinite == 1 && loss.becameFinite == 0 && loss.overflowed == 0)
        #expect(try folder.open("f16.gguf").weight(.layer(0, .w3)).floats[2 * 32 + 2].isNaN)
    }

    // MARK: - Types of blocks

    /// Q4_K stores the output head, or the embedding that is tied to it, as Q6_K.
    @Test(arguments: [false, true]) func theHeadHasMoreBits(isTied: Bool) throws {
        var model = Self.wide
        model.isTied = isTied
        let source = try huggingFace(nil, model)
        let folder = try TemporaryFolder()
        let record = try converter(source, folder.path + "/out.gguf", .q4_K).run(
            verification: Converter.Verification(logger: .silent))
        let checkpoint = try folder.open("out.gguf")
        for entry in record.entries {
            let isHead = entry.role == (isTied ? .tokEmbeddings : .output)
            let isNarrow = entry.shape.count > 1 && entry.shape[1] == 8
            let expected: DType =
                entry.shape.count == 1 ? .float32 : isNarrow ? .float16 : isHead ? .q6_K : .q4_K
            #expect(entry.dtype == expected && entry.unfit == (isNarrow ? .q4_K : nil), "\(entry.name)")
            #expect(try checkpoint.weight(entry.role).dtype == expected, "\(entry.name)")
        }
        #expect(record.entries.contains { $0.dtype == .q6_K })
        #expect(try checkpoint.gguf?.int("general.file_type") == 14)
    }

    // MARK: - Rows that are not whole blocks

    private static let widths: [(model: TinyModel, note: String)] = [
        (
            TinyModel(dim: 32, nHeads: 2, headDim: 16, hiddenDim: 80),
            """
            2 tensors, such as blk.0.ffn_down.weight, are written as F16: Q8_0 stores 32 weights of a row together, \
            and the rows have 80
            """
        ),
        (
            TinyModel(dim: 32, nLayers: 1, nHeads: 2, headDim: 6, hiddenDim: 64),
            """
            blk.0.attn_output.weight is written as F16: Q8_0 stores 32 weights of a row together, and the rows have 12
            """
        ),
        (
            TinyModel(dim: 48, nLayers: 1, nHeads: 2, headDim: 32, hiddenDim: 64),
            """
            7 tensors, such as token_embd.weight, are written as F16: Q8_0 stores 32 weights of a row together, \
            and the rows have 48
            """
        ),
    ]

    @Test(arguments: widths) func storesNarrowRowsInFloat16(
        model: TinyModel, note: String
    ) throws {
        let source = try huggingFace(nil, model)
        let folder = try TemporaryFolder()
        let path = folder.path + "/out.gguf"
        let converter = try converter(source, path)
        #expect(converter.plan.notes == [note])
        let record = try converter.run(verification: Converter.Verification(logger: .silent))
        let checkpoint = try folder.open("out.gguf")
        let original = try source.open()
        for entry in record.entries {
            let shape = entry.role.shape(in: original.configuration)
            let isNarrow = shape.count > 1 && !shape[1].isMultiple(of: 32)
            let expected: DType = shape.count == 1 ? .float32 : isNarrow ? .float16 : .q8_0
            #expect(entry.dtype == expected && entry.unfit == (isNarrow ? .q8_0 : nil), "\(entry.name)")
            #expect(try checkpoint.weight(entry.role).dtype == expected, "\(entry.name)")
        }
        #expect(
            record.text.contains(#""dtype":"F16","shape":"#) && record.text.contains(#""instead_of":"Q8_0""#))
        #expect(try converter.plan.files.first?.byteCount == folder.files()["out.gguf"]?.count)
        // The same plan, so the same conversion to resume.
        #expect(throws: ConversionError.self) {
            try self.converter(source, folder.path + "/again.gguf").run(isInterrupted: { true })
        }
        _ = try self.converter(source, folder.path + "/again.gguf", resumes: true).run()
        #expect(try folder.files()["again.gguf"] == folder.files()["out.gguf"])
    }

    /// K formats fall back to blocks of 32, as llama.cpp's tools do.
    @Test func storesRowsTooNarrowForKFormatsInSmallerBlocks() throws {
        let source = try huggingFace(
            nil, TinyModel(dim: 32, nLayers: 1, nHeads: 2, headDim: 16, hiddenDim: 80))
        let folder = try TemporaryFolder()
        let converter = try converter(source, folder.path + "/out.gguf", .q4_K)
        let record = try converter.run(verification: Converter.Verification(logger: .silent))
        for entry in record.entries where entry.shape.count > 1 {
            let expected: (DType, DType) =
                switch entry.role {
                case .output: (.q8_0, .q6_K)
                case .layer(_, .w2): (.float16, .q4_K)
                default: (.q5_0, .q4_K)
                }
            #expect(entry.dtype == expected.0 && entry.unfit == expected.1, "\(entry.name)")
        }
        #expect(converter.plan.notes.count == 3)
        #expect(
            converter.plan.notes.contains(
                "output.weight is written as Q8_0: Q6_K stores 256 weights of a row together, and the rows have 32"
            ))
    }

    /// Where even float16 does not hold a weight that does not fit the blocks, it is refused as a block would be.
    @Test func refusesWhatFloat16DoesNotHold() throws {
        let flaw = Flaw(tensor: "model.layers.0.mlp.down_proj.weight", row: 1, column: 79, value: 7e4)
        let line = try refusal(
            huggingFace(flaw, TinyModel(dim: 32, nHeads: 2, headDim: 16, hiddenDim: 80)))
        #expect(
            line == "DIR/model.safetensors: model.layers.0.mlp.down_proj.weight: row 1, column 79: "
                + "expected a weight of at most 65504, which F16 can store, found 70000.0")
    }
}
