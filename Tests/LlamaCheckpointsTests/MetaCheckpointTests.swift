@testable import LlamaCheckpointTestSupport
@testable import LlamaFiles
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

@Suite struct MetaCheckpointTests {
    @Test(arguments: [DType.float32, .float16, .bfloat16])
    func opensOneFile(dtype: DType) throws {
        let model = TinyModel(dtype: dtype)
        let checkpoint = try TemporaryFolder.meta(model).open()
        #expect(checkpoint.naming == .meta)
        #expect(checkpoint.configuration == model.configuration)
        #expect(checkpoint.dtypes == [dtype])
        try expect(checkpoint, holds: model.tensors(.meta))
    }

    @Test(arguments: [DType.float32, .float16, .bfloat16])
    func opensSafetensors(dtype: DType) throws {
        let model = TinyModel(dtype: dtype)
        let folder = try TemporaryFolder()
        try folder.write("params.json", model.params())
        try folder.write(
            "consolidated.safetensors", SafetensorsBuilder.bytes(model.tensors(.meta), padding: 5))
        let checkpoint = try folder.open()
        #expect(checkpoint.configuration == model.configuration)
        try expect(checkpoint, holds: model.tensors(.meta))
    }

    /// Llama 1 and 2 cut the embedding by columns, Llama 3 by rows.
    @Test(arguments: [false, true], [1, 2])
    func joinsModelParallelShards(embeddingByRows: Bool, count: Int) throws {
        let model = TinyModel(nKVHeads: 2, dtype: .float16)
        let folder = try TemporaryFolder.metaShards(count, model, embeddingByRows: embeddingByRows)
        let checkpoint = try folder.open()
        #expect(checkpoint.configuration == model.configuration)
        #expect(checkpoint.files.count == count)
        try expect(checkpoint, holds: model.tensors(.meta))
        guard count > 1 else { return }
        #expect(try checkpoint.weight(.tokEmbeddings).cut == (embeddingByRows ? .rows : .columns))
        #expect(try checkpoint.weight(.output).cut == .rows)
        #expect(try checkpoint.weight(.layer(1, .wo)).cut == .columns)
        #expect(try checkpoint.weight(.layer(1, .w2)).cut == .columns)
        #expect(try checkpoint.weight(.layer(1, .w3)).cut == .rows)
        #expect(try checkpoint.weight(.norm).parts.count == 1)
    }

    @Test func joinsSafetensorsShards() throws {
        let model = TinyModel(nKVHeads: 2)
        let folder = try TemporaryFolder()
        try folder.write("params.json", model.params())
        for index in 0..<2 {
            try folder.write(
                "consolidated.0\(index).safetensors", SafetensorsBuilder.bytes(model.shard(index, of: 2)))
        }
        try expect(try folder.open(), holds: model.tensors(.meta))
    }

    @Test func viewsTheMapWithoutCopying() throws {
        for folder in [try TemporaryFolder.meta(), try TemporaryFolder.huggingFace()] {
            let checkpoint = try folder.open()
            for role in TensorRole.all(of: checkpoint.configuration) {
                let part = try checkpoint.weight(role).parts[0]
                let file = try #require(part.storage as? MappedFile)
                let start = try #require(part.baseAddress)
                let map = try #require(file.bytes.baseAddress)
                #expect(start >= map && start + part.byteCount <= map + file.bytes.count)
                #expect(file.path == checkpoint.files[0])
            }
        }
    }

    @Test func dropsDerivedTables() throws {
        let model = TinyModel()
        let folder = try TemporaryFolder.meta(model)
        let extra = TestTensor("rope.freqs", .bfloat16, [2])
        try folder.write("consolidated.00.pth", TorchBuilder(model.tensors(.meta) + [extra]).bytes)
        try expect(try folder.open(), holds: model.tensors(.meta))
    }

    @Test func countsTheVocabularyWhereParamsDoNotSay() throws {
        let model = TinyModel()
        for value in ["-1", "null", nil] {
            let folder = try TemporaryFolder.meta(model, model.params(["vocab_size": value]))
            #expect(try folder.open().configuration.vocabularySize == 16)
        }
    }

    @Test func takesHeadDimFromParams() throws {
        let model = TinyModel(headDim: 6)
        let folder = try TemporaryFolder.meta(model, model.params(["head_dim": "6"]))
        try expect(try folder.open(), holds: model.tensors(.meta))
    }

    @Test func ignoresKeysItDoesNotKnow() throws {
        let params = TinyModel().params(["model": "{\"x\": [1]}", "n_kv_heads": "1", "max_batch_size": "32"])
        #expect(try TemporaryFolder.meta(TinyModel(), params).open().configuration.nKVHeads == 1)
    }

    @Test func countsParametersAndBytes() throws {
        let model = TinyModel(dtype: .float16)
        let checkpoint = try TemporaryFolder.meta(model).open()
        let count = model.tensors(.meta).reduce(0) { $0 + $1.count }
        #expect(checkpoint.configuration.parameterCount == count)
        #expect(checkpoint.weightByteCount == 2 * count)
    }

    @Test func asksForARoleThatIsNotThere() throws {
        let folder = try TemporaryFolder.huggingFace(TinyModel(isTied: true))
        let checkpoint = try folder.open()
        #expect(throws: CheckpointError.self) { try checkpoint.weight(.output) }
    }
}
