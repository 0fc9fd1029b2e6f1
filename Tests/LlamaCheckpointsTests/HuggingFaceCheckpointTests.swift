import LlamaTensors
@testable import LlamaCheckpointTestSupport
@testable import LlamaFiles
import Testing

@testable import LlamaCheckpoints

@Suite struct HuggingFaceCheckpointTests {
    private static let models: [TinyModel] = [
        TinyModel(), TinyModel(isTied: true), TinyModel(hasAttentionBias: true),
        TinyModel(hasFeedForwardBias: true), TinyModel(nKVHeads: 2, headDim: 6, dtype: .bfloat16),
        TinyModel(dim: 10, nHeads: 3, nKVHeads: 3, headDim: 2, dtype: .float16),
    ]

    @Test(arguments: 0..<6)
    func opensOneFile(index: Int) throws {
        let model = HuggingFaceCheckpointTests.models[index]
        let checkpoint = try TemporaryFolder.huggingFace(model).open()
        #expect(checkpoint.naming == .huggingFace)
        #expect(checkpoint.configuration.ropeLayout == .halves)
        #expect(checkpoint.configuration.headDim == model.headDim)
        #expect(checkpoint.configuration.tiesEmbeddings == model.isTied)
        #expect(checkpoint.configuration.contextLength == 64)
        #expect(checkpoint.configuration.stopTokens == [2])
        #expect(checkpoint.dtypes == [model.dtype])
        try expect(checkpoint, holds: model.tensors(.huggingFace))
    }

    @Test(arguments: 0..<6)
    func opensShardsByTheirIndex(index: Int) throws {
        let model = HuggingFaceCheckpointTests.models[index]
        let checkpoint = try TemporaryFolder.huggingFaceShards(model).open()
        #expect(checkpoint.files.map { FilePath($0).name } == [shardName(1), shardName(2)])
        try expect(checkpoint, holds: model.tensors(.huggingFace))
    }

    @Test func dropsDerivedTablesAndATiedOutput() throws {
        let model = TinyModel(isTied: true)
        let folder = try TemporaryFolder.huggingFace(model)
        var head = TestTensor("model.embed_tokens.weight", .float32, [16, 8])
        head.name = "lm_head.weight"
        let extra = [TestTensor("model.layers.1.self_attn.rotary_emb.inv_freq", .float32, [2]), head]
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(model.tensors(.huggingFace) + extra))
        try expect(try folder.open(), holds: model.tensors(.huggingFace))
    }

    @Test func allowsMetadataAndPadding() throws {
        let model = TinyModel()
        let folder = try TemporaryFolder.huggingFace(model)
        for (metadata, padding) in [("{\"format\":\"pt\"}", 0), ("{}", 7), (nil, 64)] {
            let bytes = SafetensorsBuilder.bytes(
                model.tensors(.huggingFace), metadata: metadata, padding: padding)
            try folder.write("model.safetensors", bytes)
            try expect(try folder.open(), holds: model.tensors(.huggingFace))
        }
    }

    @Test func fillsInWhatConfigLeavesOut() throws {
        let model = TinyModel(nKVHeads: 2)
        let config = model.config([
            "num_key_value_heads": nil, "head_dim": "null", "model_type": nil, "hidden_act": nil,
            "rope_theta": nil, "rms_norm_eps": nil, "attention_bias": nil, "mlp_bias": nil,
            "tie_word_embeddings": nil, "eos_token_id": "[2, 7]", "max_position_embeddings": nil,
        ])
        let configuration = try TemporaryFolder.huggingFace(model, config).open().configuration
        #expect(configuration.nKVHeads == 2 && configuration.headDim == 4)
        #expect(configuration.normEpsilon == 1e-6)
        #expect(configuration.rope == RoPEConfiguration(theta: 10000, scaling: .none))
        #expect(configuration.stopTokens == [2, 7])
        #expect(configuration.contextLength == nil)
    }
}
