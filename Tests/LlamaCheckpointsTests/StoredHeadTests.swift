import LlamaTensors
import Testing

@testable import LlamaCheckpointTestSupport
@testable import LlamaCheckpoints

/// An output head that is stored although the configuration ties it to the embedding.
@Suite struct StoredHeadTests {
    private func folder(_ model: TinyModel, head: TestTensor?) throws -> TemporaryFolder {
        let folder = try TemporaryFolder.huggingFace(model)
        let tensors = model.tensors(.huggingFace) + (head.map { [$0] } ?? [])
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(tensors))
        return folder
    }

    /// The embedding under the head's name.
    private func copy(_ model: TinyModel, as name: String, _ naming: TensorNaming) throws -> TestTensor {
        var head = try #require(
            model.tensors(naming).first { $0.name == naming.name(of: .tokEmbeddings) })
        head.name = name
        return head
    }

    /// As in transformers.
    @Test func isKeptWhereItDiffers() throws {
        let model = TinyModel(isTied: true)
        var last = try copy(model, as: "lm_head.weight", .huggingFace)
        last.bytes[last.bytes.count - 1] ^= 1
        for head in [last, TestTensor("lm_head.weight", .float32, [16, 8])] {
            let checkpoint = try folder(model, head: head).open()
            #expect(!checkpoint.configuration.tiesEmbeddings)
            try expect(checkpoint, holds: model.tensors(.huggingFace) + [head])
            let source = checkpoint.configurationSources.first { $0.name == "tiesEmbeddings" }
            #expect(
                source?.source == "lm_head.weight is there, against config.json: tie_word_embeddings")
        }
    }

    @Test func isLeftOutWhereItIsTheEmbedding() throws {
        let model = TinyModel(isTied: true)
        let head = try copy(model, as: "lm_head.weight", .huggingFace)
        let checkpoint = try folder(model, head: head).open()
        #expect(checkpoint.configuration.tiesEmbeddings)
        try expect(checkpoint, holds: model.tensors(.huggingFace))
    }

    @Test func isCheckedAgainstTheConfiguration() throws {
        let head = TestTensor("lm_head.weight", .float32, [15, 8])
        let folder = try folder(TinyModel(isTied: true), head: head)
        #expect(
            folder.message()
                == """
                DIR/model.safetensors: lm_head.weight: expected shape [16, 8] by the configuration, found [15, 8]
                """)
    }

    /// torch saves tied tensors as two views of one storage; no byte of it is read.
    @Test func sharesAStorage() throws {
        let model = TinyModel(isTied: true)
        let folder = try TemporaryFolder()
        try folder.write("config.json", model.config())
        var builder = TorchBuilder(model.tensors(.huggingFace))
        var view = try #require(builder.views.first { $0.name == "model.embed_tokens.weight" })
        view.name = "lm_head.weight"
        builder.views.append(view)
        try folder.write("pytorch_model.bin", builder.bytes)
        try expect(folder.open(), holds: model.tensors(.huggingFace))
    }

    /// A large head is not read at opening; to use it is right in any case.
    @Test func isNotComparedWhereItIsLarge() throws {
        let model = TinyModel(isTied: true)
        let head = try copy(model, as: "lm_head.weight", .huggingFace)
        let path = try folder(model, head: head)
        let files = [try SafetensorsFile.open(path.path + "/model.safetensors")]
        for (limit, isTied) in [(head.bytes.count, true), (head.bytes.count - 1, false)] {
            let stored = StoredHead(in: files, naming: .huggingFace, comparing: limit)
            #expect(stored.difference == (isTied ? nil : "lm_head.weight is stored, too"))
        }
    }

    /// Meta's files do not say that a head is tied: for the family that ties it, they hold a copy or none.
    @Test(arguments: [128_256, 128_255]) func ofMetasFamilyIsUsedUnlessItIsACopy(size: Int) throws {
        let model = TinyModel(nLayers: 1, vocabularySize: size, isTied: true, dtype: .float16)
        let equal = try copy(model, as: "output.weight", .meta)
        let other = TestTensor("output.weight", .float16, [size, 8])
        for (head, isTied) in [(equal, size == 128_256), (other, false)] {
            let folder = try TemporaryFolder.meta(model)
            try folder.write("consolidated.00.pth", TorchBuilder(model.tensors(.meta) + [head]).bytes)
            let checkpoint = try folder.open()
            #expect(checkpoint.configuration.tiesEmbeddings == isTied)
            try expect(checkpoint, holds: model.tensors(.meta) + (isTied ? [] : [head]))
        }
    }
}
