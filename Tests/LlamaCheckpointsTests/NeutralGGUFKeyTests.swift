@testable import LlamaCheckpointTestSupport
import Testing

/// The same for the keys of GGUF files.
@Suite struct NeutralGGUFKeyTests {
    enum Value: Sendable {
        case int(UInt32)
        case ints([UInt32])
        case float(Float)
        case flag(Bool)
    }

    private static func message(_ key: String, _ value: Value) throws -> String {
        var builder = GGUFBuilder(TinyModel(nLayers: 1))
        switch value {
        case .int(let number): builder.set("llama." + key, number)
        case .ints(let numbers): builder.set("llama." + key, numbers)
        case .float(let number): builder.set("llama." + key, number)
        case .flag(let flag): builder.set("llama." + key, type: 7) { $0.write([flag ? 1 : 0]) }
        }
        return try TemporaryFolder.gguf(builder.bytes).message()
    }

    private static let logits = "a Llama does not scale or cap its logits"
    private static let residuals =
        "a Llama adds a block's output as it is, attention before the feed-forward layer"
    private static let scores = "a Llama divides scores by the root of a head's width and does not cap them"
    private static let positions = "a Llama attends to all positions up to its own, in every layer"
    private static let rotations = "a Llama rotates all of every head, in every layer alike"

    static let refused: [(String, Value, String)] = [
        ("expert_count", .int(8), "expected 0 or none, found 8; mixtures of experts are not supported"),
        ("logit_scale", .float(16), "expected 1 or none, found 16.0; \(logits)"),
        ("final_logit_softcapping", .float(30), "expected 0 or none, found 30.0; \(logits)"),
        (
            "embedding_scale", .float(12),
            "expected 1 or none, found 12.0; a Llama does not scale its embeddings"
        ),
        (
            "embedding_length_out", .int(16),
            "expected 8 or none, found 16; a Llama does not scale its embeddings"
        ),
        ("residual_scale", .float(0.5), "expected 1 or none, found 0.5; \(residuals)"),
        ("use_parallel_residual", .flag(true), "expected false or none, found true; \(residuals)"),
        ("attention.scale", .float(0.25), "expected 0.5 or none, found 0.25; \(scores)"),
        ("attention.output_scale", .float(2), "expected 1 or none, found 2.0; \(scores)"),
        ("attention.temperature_scale", .float(0.1), "expected 0 or none, found 0.1; \(scores)"),
        ("attn_logit_softcapping", .float(50), "expected 0 or none, found 50.0; \(scores)"),
        (
            "attention.clamp_kqv", .float(8),
            "expected 0 or none, found 8.0; a Llama does not clip queries, keys and values"
        ),
        ("attention.max_alibi_bias", .float(8), "expected 0 or none, found 8.0; \(rotations)"),
        ("rope.scaling.attn_factor", .float(1.5), "expected 1 or none, found 1.5; \(rotations)"),
        ("rope.scaling.yarn_attn_factor", .float(1.5), "expected 1 or none, found 1.5; \(rotations)"),
        ("rope.scaling.yarn_ext_factor", .float(1), "expected 0 or none, found 1.0; \(rotations)"),
        ("rope.scaling.yarn_log_multiplier", .float(0.1), "expected 0 or none, found 0.1; \(rotations)"),
        ("rope.scaling.alpha", .float(1000), "expected 1 or none, found 1000.0; \(rotations)"),
        ("attention.causal", .flag(false), "expected true or none, found false; \(positions)"),
        (
            "attention.sliding_window", .int(32),
            "expected at least the context length, 64, or none, found 32; \(positions)"
        ),
        (
            "attention.sliding_window", .ints([64, 32]),
            "expected at least the context length, 64, or none, found an array of 2 uint32; \(positions)"
        ),
        ("attention.shared_kv_layers", .int(1), "expected 0 or none, found 1; \(positions)"),
        ("attention.value_length", .int(8), "expected the width of a head, 4, found 8"),
    ]

    @Test(arguments: refused) func refuses(key: String, value: Value, message: String) throws {
        #expect(try Self.message(key, value) == "DIR/model.gguf: llama.\(key): \(message)")
    }

    static let neutral: [(String, Value)] = [
        ("expert_count", .int(0)), ("expert_used_count", .int(0)), ("logit_scale", .float(1)),
        ("logit_scale", .float(0)), ("final_logit_softcapping", .float(0)), ("embedding_scale", .float(1)),
        ("embedding_length_out", .int(8)), ("residual_scale", .float(1)),
        ("use_parallel_residual", .flag(false)), ("attention.scale", .float(0)),
        ("attention.scale", .float(Float(0.5).nextUp)), ("attention.clamp_kqv", .float(0)),
        ("rope.scaling.attn_factor", .float(1)), ("rope.scaling.yarn_beta_fast", .float(32)),
        ("attention.causal", .flag(true)), ("attention.sliding_window", .int(0)),
        ("attention.sliding_window", .int(64)), ("attention.sliding_window", .ints([64, 0])),
        ("attention.value_length", .int(4)),
    ]

    @Test(arguments: neutral) func allowsWhatChangesNothing(key: String, value: Value) throws {
        #expect(try Self.message(key, value) == "no error")
    }

    @Test func refusesAWindowOfAContextThatIsNotKnown() throws {
        var builder = GGUFBuilder(TinyModel(nLayers: 1))
        builder.remove("llama.context_length")
        builder.set("llama.attention.sliding_window", UInt32(4096))
        #expect(
            try TemporaryFolder.gguf(builder.bytes).message()
                == "DIR/model.gguf: llama.attention.sliding_window: expected none, found 4096; \(Self.positions)"
        )
    }
}
