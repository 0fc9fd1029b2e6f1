import LlamaTensors
@testable import LlamaCheckpointTestSupport
import Foundation
import Testing

@testable import LlamaCheckpoints

/// Llamas opened from GGUF files alone.
@Suite struct GGUFCheckpointTests {
    private static let models: [TinyModel] = [
        TinyModel(), TinyModel(isTied: true), TinyModel(hasAttentionBias: true),
        TinyModel(hasFeedForwardBias: true), TinyModel(nKVHeads: 2, headDim: 6, dtype: .bfloat16),
        TinyModel(dim: 10, nHeads: 3, nKVHeads: 3, headDim: 2, dtype: .float16),
    ]

    private func open(
        _ model: TinyModel = TinyModel(nLayers: 1), edit: (inout GGUFBuilder) -> Void = { _ in }
    ) throws -> Checkpoint {
        var builder = GGUFBuilder(model)
        edit(&builder)
        return try TemporaryFolder.gguf(builder.bytes).open()
    }

    @Test(arguments: 0..<6, ["", "model.gguf"])
    func opensAFile(index: Int, name: String) throws {
        let model = GGUFCheckpointTests.models[index]
        let folder = try TemporaryFolder.gguf(GGUFBuilder(model).bytes)
        let checkpoint = try folder.open(name)
        #expect(checkpoint.naming == .gguf)
        #expect(checkpoint.files == ["\(folder.path)/model.gguf"])
        let configuration = checkpoint.configuration
        #expect(configuration.ropeLayout == .interleaved)
        #expect(configuration.headDim == model.headDim && configuration.nKVHeads == model.nKVHeads)
        #expect(configuration.tiesEmbeddings == model.isTied)
        #expect(configuration.hasAttentionBias == model.hasAttentionBias)
        #expect(configuration.hasFeedForwardBias == model.hasFeedForwardBias)
        #expect(configuration.normEpsilon == 1e-5 && configuration.contextLength == 64)
        #expect(configuration.rope == RoPEConfiguration(theta: 10000, scaling: .none))
        #expect(configuration.stopTokens == [2])
        #expect(try checkpoint.gguf?.string("general.architecture") == "llama")
        try expect(checkpoint, holds: model.tensors(.gguf))
    }

    @Test func readsVersion2() throws {
        #expect(try open { $0.version = 2 }.configuration.dim == 8)
    }

    @Test func fillsInWhatTheKeysLeaveOut() throws {
        let checkpoint = try open(TinyModel(nKVHeads: 2)) { builder in
            for key in [
                "llama.vocab_size", "llama.context_length", "llama.attention.head_count_kv",
                "llama.attention.key_length", "llama.rope.dimension_count", "llama.rope.freq_base",
                "tokenizer.ggml.eos_token_id",
            ] { builder.remove(key) }
            builder.set("tokenizer.ggml.tokens", type: 9) {
                $0.writeArray(type: 8, count: 16, [UInt8](repeating: 0, count: 8 * 16))
            }
        }
        let configuration = checkpoint.configuration
        #expect(
            configuration.vocabularySize == 16 && configuration.nKVHeads == 2 && configuration.headDim == 4)
        #expect(configuration.rope.theta == 10000 && configuration.contextLength == nil)
        #expect(configuration.stopTokens == [])
    }

    @Test func takesOneNumberForEachLayerWhereAllAreTheSame() throws {
        let checkpoint = try open { $0.set("llama.attention.head_count_kv", [1, 1]) }
        #expect(checkpoint.configuration.nKVHeads == 1)
    }

    @Test func joinsTheStopTokens() throws {
        let checkpoint = try open {
            $0.set("tokenizer.ggml.eot_token_id", UInt32(5))
            $0.set("tokenizer.ggml.eom_token_id", UInt32.max)
            $0.set("swift-llama.stop_tokens", [2, 7])
        }
        #expect(checkpoint.configuration.stopTokens == [2, 5, 7])
    }

    @Test(
        arguments: [
            .gguf("another family", "general.architecture: expected llama, found qwen2") {
                $0.set("general.architecture", "qwen2")
            },
            .gguf("no family", "general.architecture: expected llama, found none") {
                $0.remove("general.architecture")
            },
            .gguf("no width", "llama.embedding_length: expected a number, found none") {
                $0.remove("llama.embedding_length")
            },
            .gguf("a width in words", "llama.embedding_length: expected a whole number, found \"8\"") {
                $0.set("llama.embedding_length", "8")
            },
            .gguf("too many layers", "llama.block_count: expected 1 to 4096, found 4294967295") {
                $0.set("llama.block_count", UInt32.max)
            },
            .gguf(
                "layers that differ",
                "llama.attention.head_count_kv: expected the same number for every layer, found 1 to 2"
            ) { $0.set("llama.attention.head_count_kv", [1, 2]) },
            .gguf(
                "heads that do not divide",
                "llama.attention.head_count_kv: expected a divisor of 2 heads, found 3"
            ) {
                $0.set("llama.attention.head_count_kv", UInt32(3))
            },
            .gguf(
                "half of each head rotated",
                "llama.rope.dimension_count: expected the width of a head, 4, found 2"
            ) {
                $0.set("llama.rope.dimension_count", UInt32(2))
            },
            .gguf(
                "an epsilon that is no number",
                "llama.attention.layer_norm_rms_epsilon: expected 1e-12 to 1.0, found nan"
            ) { $0.set("llama.attention.layer_norm_rms_epsilon", Float.nan) },
            .gguf("YaRN", "llama.rope.scaling.type: yarn scaling of rotations is not supported") {
                $0.set("llama.rope.scaling.type", "yarn")
            },
            .gguf(
                "a base of our own that contradicts",
                "swift-llama.rope.theta: expected 10000.0, as in llama.rope.freq_base, found 500000.0"
            ) { $0.set("swift-llama.rope.theta", 500_000.0) },
            .gguf("factors of another length", "rope_freqs.weight: expected F32 [2], found F32 [3]") {
                $0.add(TestTensor("rope_freqs.weight", .float32, [3]))
            },
            BadInput(
                "another tensor",
                "DIR/model.gguf: the tensors are not those of this Llama: missing output_norm.weight, unexpected blk.0.attn_q_norm.weight"
            ) {
                var builder = GGUFBuilder(TinyModel(nLayers: 1))
                builder.infos[1].name = "blk.0.attn_q_norm.weight"
                return try .gguf(builder.bytes)
            },
        ] as [BadInput])
    func refusesConfigurations(input: BadInput) throws { try input.check() }
}
