import LlamaTensors
@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Testing

/// What opening a checkpoint leaves out, it says.
@Suite struct CheckpointNotesTests {
    @Test func saysThatATiedHeadIsLeftOut() throws {
        let model = TinyModel(isTied: true)
        let folder = try TemporaryFolder.huggingFace(model)
        var head = TestTensor("model.embed_tokens.weight", .float32, [16, 8])
        head.name = "lm_head.weight"
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(model.tensors(.huggingFace) + [head]))
        let report = try CheckpointReport(at: folder.path)
        #expect(
            report.problems.first == "lm_head.weight left out: it is the embedding again, which it is tied to"
        )
        #expect(report.configuration?.tiesEmbeddings == true)
    }

    @Test func leavesOutStopTokensThatTheVocabularyLacks() throws {
        let model = TinyModel()
        let folder = try TemporaryFolder.huggingFace(model, model.config(["eos_token_id": "[2, -1, 16]"]))
        try folder.write("generation_config.json", #"{"eos_token_id": [15, 32000], "pad_token_id": -1}"#)
        let report = try CheckpointReport(at: folder.path)
        #expect(report.configuration?.stopTokens == [2, 15])
        #expect(
            report.problems.prefix(2) == [
                "config.json: eos_token_id 16 left out: the vocabulary has 16 ids",
                "generation_config.json: eos_token_id 32000 left out: the vocabulary has 16 ids",
            ])
    }

    @Test func leavesOutStopTokensThatTheVocabularyOfAGGUFFileLacks() throws {
        var builder = GGUFBuilder(TinyModel(nLayers: 1))
        builder.set("tokenizer.ggml.eot_token_id", UInt32(16))
        builder.set("swift-llama.stop_tokens", [2, 17])
        let folder = try TemporaryFolder.gguf(builder.bytes)
        let report = try CheckpointReport(at: folder.path)
        #expect(report.configuration?.stopTokens == [2])
        #expect(
            report.problems.first
                == "model.gguf: tokenizer.ggml.eot_token_id 16 left out: the vocabulary has 16 ids")
    }
}
