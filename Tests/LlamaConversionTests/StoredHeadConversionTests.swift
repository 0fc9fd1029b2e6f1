import Foundation
import LlamaTensors
import Testing

@testable import LlamaCheckpointTestSupport
@testable import LlamaCheckpoints
@testable import LlamaConversion

/// An output head that is stored although the embeddings are tied, through a conversion.
struct StoredHeadConversionTests {
    private static let model = TinyModel(isTied: true)

    private func folder(with head: TestTensor) throws -> TemporaryFolder {
        let folder = try TemporaryFolder.huggingFace(Self.model)
        let tensors = Self.model.tensors(.huggingFace) + [head]
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(tensors))
        return folder
    }

    /// Every format keeps it; `config.json`, which says that it is tied, is not copied.
    @Test(arguments: CheckpointFormat.allCases) func isKeptWhereItDiffers(format: CheckpointFormat) throws {
        let source = try folder(with: TestTensor("lm_head.weight", .float32, [16, 8]))
        let original = try source.open()
        let folder = try TemporaryFolder()
        let copy = try original.converted(to: format, in: folder, "copy")
        #expect(!copy.configuration.tiesEmbeddings)
        #expect(try CheckpointComparison(original, copy).isSame)
        #expect(try original.digests() == copy.digests())
        guard format == .huggingFace else { return }
        #expect(
            try ConfigurationReader(folder.path + "/copy/config.json").flag("tie_word_embeddings") == false)
        // With the output's own configuration there is nothing to say.
        let report = try CheckpointReport(at: folder.path + "/copy")
        #expect(!report.problems.contains { $0.contains("lm_head") })
    }

    @Test(arguments: [CheckpointFormat.huggingFace, .gguf]) func isLeftOutWhereItIsACopy(
        format: CheckpointFormat
    ) throws {
        var head = TestTensor("model.embed_tokens.weight", .float32, [16, 8])
        head.name = "lm_head.weight"
        let source = try folder(with: head)
        let original = try source.open()
        let folder = try TemporaryFolder()
        let copy = try original.converted(to: format, in: folder, "copy")
        #expect(copy.configuration.tiesEmbeddings && copy.weights[.output] == nil)
        #expect(try CheckpointComparison(original, copy).isSame)
    }

    /// Shards of Llama 3.2 1B and 3B hold a copy of the embedding, which other formats leave out.
    @Test(arguments: [true, false]) func ofMetasFamilyIsTiedWhereItIsACopy(isCopy: Bool) throws {
        let size = 128_256
        let model = TinyModel(
            nLayers: 1, nKVHeads: 2, vocabularySize: size, isTied: true, dtype: .float16)
        var head = TestTensor("tok_embeddings.weight", .float16, [size, 8])
        if !isCopy { head.bytes[head.bytes.count - 1] ^= 1 }
        head.name = "output.weight"
        let source = try TemporaryFolder()
        try source.write("params.json", model.params())
        for index in 0..<2 {
            let shard = model.shard(index, of: 2, embeddingByRows: true) + [head.rows(index, of: 2)]
            try source.write("consolidated.0\(index).pth", TorchBuilder(shard).bytes)
        }
        let original = try source.open()
        #expect(!original.configuration.tiesEmbeddings)
        let folder = try TemporaryFolder()
        let copy = try original.converted(to: .huggingFace, in: folder, "copy")
        #expect(copy.configuration.tiesEmbeddings == isCopy)
        #expect(try CheckpointComparison(original, copy).isSame)
    }
}
