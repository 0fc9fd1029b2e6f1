@testable import LlamaCheckpointTestSupport
import Testing

@Suite struct BadConfigurationTests {
    @Test(arguments: [
        BadInput.params("dim missing", "dim: expected a number, found none", ["dim": nil]),
        .params(
            "rotations of no length", "rope_theta: expected 1.0 to 1000000000000.0, found 1e-300",
            ["rope_theta": "1e-300"]),
        .params("norm that swamps", "norm_eps: expected 1e-12 to 1.0, found 1e+300", ["norm_eps": "1e300"]),
        .params("dim null", "dim: expected a number, found none", ["dim": "null"]),
        .params("dim a string", "dim: expected a whole number, found \"8\"", ["dim": "\"8\""]),
        .params("dim negative", "dim: expected 1 to 1048576, found -8", ["dim": "-8"]),
        .params("dim 0", "dim: expected 1 to 1048576, found 0", ["dim": "0"]),
        .params(
            "dim huge", "dim: expected 1 to 1048576, found 9223372036854775807",
            ["dim": "9223372036854775807"]),
        .params(
            "dim beyond 64 bits", "dim: expected a whole number of 64 bits, found 99999999999999999999",
            ["dim": "99999999999999999999"]),
        .params("dim fractional", "dim: expected a whole number, found 8.5", ["dim": "8.5"]),
        .params("layers huge", "n_layers: expected 1 to 4096, found 1000000000", ["n_layers": "1000000000"]),
        .params("heads 0", "n_heads: expected 1 to 4096, found 0", ["n_heads": "0"]),
        .params(
            "heads that do not divide dim", "n_heads: expected a divisor of dim 8, found 3", ["n_heads": "3"]),
        .params("odd heads", "n_heads: expected heads of even width, found width 1", ["n_heads": "8"]),
        .params(
            "key heads that do not divide heads", "n_kv_heads: expected a divisor of n_heads 4, found 3",
            ["n_heads": "4", "n_kv_heads": "3"]),
        .params("vocabulary 0", "vocab_size: expected -1 or a count, found 0", ["vocab_size": "0"]),
        .params("vocabulary -2", "vocab_size: expected -1 to 16777216, found -2", ["vocab_size": "-2"]),
        .params(
            "another vocabulary", "vocab_size: expected the 16 rows of tok_embeddings.weight, found 17",
            ["vocab_size": "17"]),
        .params(
            "another dim",
            """
            DIR/consolidated.00.pth: layers.0.feed_forward.w1.weight: expected 44 rows, by \
            dim, multiple_of and ffn_dim_multiplier of params.json, found 24
            """, ["dim": "16"]),
        .params(
            "another multiple_of",
            """
            DIR/consolidated.00.pth: layers.0.feed_forward.w1.weight: expected 256 rows, by \
            dim, multiple_of and ffn_dim_multiplier of params.json, found 24
            """, ["multiple_of": "256"]),
        .params("multiple_of missing", "multiple_of: expected a number, found none", ["multiple_of": nil]),
        .params(
            "ffn_dim_multiplier nothing",
            """
            ffn_dim_multiplier: expected a feed-forward width of 1 to 1048576, found 0
            """, ["ffn_dim_multiplier": "1e-9"]),
        .params(
            "ffn_dim_multiplier huge", "ffn_dim_multiplier: expected at most 64, found 1e+300",
            ["ffn_dim_multiplier": "1e300"]),
        .params(
            "ffn_dim_multiplier too wide",
            """
            ffn_dim_multiplier: expected a feed-forward width of 1 to 1048576, found \
            179306496
            """,
            ["multiple_of": "1048576", "ffn_dim_multiplier": "64", "dim": "1048576"]),
        .params(
            "more layers",
            """
            DIR: the tensors are not those of this Llama: missing \
            layers.2.attention.wk.weight layers.2.attention.wo.weight \
            layers.2.attention.wq.weight layers.2.attention.wv.weight \
            layers.2.attention_norm.weight layers.2.feed_forward.w1.weight … (9 in all)
            """, ["n_layers": "3"]),
        .params(
            "fewer layers",
            """
            DIR: the tensors are not those of this Llama: unexpected \
            layers.1.attention.wk.weight layers.1.attention.wo.weight \
            layers.1.attention.wq.weight layers.1.attention.wv.weight \
            layers.1.attention_norm.weight layers.1.feed_forward.w1.weight … (9 in all)
            """, ["n_layers": "1"]),
        .params(
            "more key heads",
            """
            DIR/consolidated.00.pth: layers.0.attention.wk.weight: expected shape [8, 8] by \
            the configuration, found [4, 8]
            """, ["n_kv_heads": "2"]),
        .params("norm_eps missing", "norm_eps: expected a number, found none", ["norm_eps": nil]),
        .params("norm_eps NaN", "norm_eps: expected a number above 0, found NaN", ["norm_eps": "NaN"]),
        .params(
            "norm_eps infinite", "norm_eps: expected a number above 0, found 1e999", ["norm_eps": "1e999"]),
        .params(
            "rope_theta negative", "rope_theta: expected a number above 0, found -1.0", ["rope_theta": "-1"]),
        .params(
            "use_scaled_rope a number", "use_scaled_rope: expected true or false, found 1",
            ["use_scaled_rope": "1"]),
        .params(
            "rope_high_freq_factor 1", "rope_high_freq_factor: expected more than 1, found 1.0",
            ["use_scaled_rope": "true", "rope_high_freq_factor": "1"]),
        .params(
            "two factors of high frequencies",
            "high_freq_factor: expected 2.0, as in rope_high_freq_factor, found 3.0",
            ["use_scaled_rope": "true", "rope_high_freq_factor": "2", "high_freq_factor": "3"]),
        .params(
            "low_freq_factor",
            "low_freq_factor: expected 1 or none, found 2; Meta's code has no key for it and scales with 1",
            ["use_scaled_rope": "true", "low_freq_factor": "2"]),
        .params(
            "Hugging Face's scaling",
            "rope_scaling: expected none, found {\"rope_type\":\"yarn\"}; "
                + "of the scalings of rotations only Llama 3's is read from here",
            ["rope_scaling": "{\"rope_type\": \"yarn\"}"]),
        .params(
            "duplicate by an escape", "key \"dim\": expected each key once, found the same key again",
            ["\\u0064im": "8"]),
        .params(
            "NUL in a key", "byte 113: expected valid JSON, found a key with a NUL character",
            ["dim\\u0000": "16"]),
        .params(
            "deep nesting", "byte 180: expected valid JSON, found more than 64 levels of nesting",
            ["x": String(repeating: "[", count: 100_000)]),
        BadInput("an array", "DIR/params.json: expected an object, found []") {
            try .meta(TinyModel(), "[]")
        },
    ])
    func refusesParams(input: BadInput) throws { try input.check() }

    @Test(arguments: [
        BadInput.config(
            "unknown rope_type",
            """
            rope_scaling.rope_type: expected default, linear or llama3, found spiral
            """, ["rope_scaling": "{\"rope_type\": \"spiral\", \"factor\": 2}"]),
        .config(
            "yarn", "rope_scaling.rope_type: expected default, linear or llama3, found yarn",
            ["rope_scaling": "{\"rope_type\": \"yarn\", \"factor\": 2}"]),
        .config(
            "dynamic by the older key",
            "rope_scaling.type: expected default, linear or llama3, found dynamic",
            ["rope_scaling": "{\"type\": \"dynamic\", \"factor\": 2}"]),
        .config(
            "yarn by the newer keys",
            """
            rope_parameters.rope_type: expected default, linear or llama3, found yarn
            """,
            ["rope_parameters": "{\"rope_type\": \"yarn\", \"rope_theta\": 1e4}"]),
        .config(
            "rope_type a number", "rope_scaling.rope_type: expected a string, found 3",
            ["rope_scaling": "{\"rope_type\": 3}"]),
        .config(
            "rope_scaling a string", "rope_scaling: expected an object, found \"linear\"",
            ["rope_scaling": "\"linear\""]),
        .config(
            "linear without factor", "rope_scaling.factor: expected a number, found none",
            ["rope_scaling": "{\"type\": \"linear\"}"]),
        .config(
            "linear factor 0", "rope_scaling.factor: expected a number above 0, found 0.0",
            ["rope_scaling": "{\"type\": \"linear\", \"factor\": 0}"]),
        .config(
            "llama3 without its length",
            """
            rope_scaling.original_max_position_embeddings: expected a number, found none
            """,
            [
                "rope_scaling":
                    "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4}"
            ]),
        .config(
            "llama3 with equal bands",
            """
            rope_scaling.high_freq_factor: expected more than low_freq_factor 4.0, found 4.0
            """,
            [
                "rope_scaling":
                    "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4}"
            ]),
        .config(
            "half of each head rotated",
            """
            partial_rotary_factor: expected 1 or none, found 0.5; a Llama rotates all of every head, in every \
            layer alike
            """,
            ["partial_rotary_factor": "0.5"]),
        .config(
            "half of each head rotated, newer keys",
            """
            rope_parameters.partial_rotary_factor: expected 1 or none, found 0.5; a Llama rotates all of every \
            head, in every layer alike
            """,
            ["rope_parameters": "{\"partial_rotary_factor\": 0.5}"]),
        .config(
            "another model_type", "model_type: expected llama (or mistral, its twin), found qwen3_moe",
            ["model_type": "\"qwen3_moe\""]),
        .config("another activation", "hidden_act: expected silu, found gelu", ["hidden_act": "\"gelu\""]),
        .config(
            "sliding window",
            """
            sliding_window: expected at least the context length, 64, or none, found 32; a Llama attends to all \
            positions up to its own, in every layer
            """,
            ["sliding_window": "32"]),
        .config(
            "negative heads", "num_attention_heads: expected 1 to 4096, found -2",
            ["num_attention_heads": "-2"]),
        .config(
            "huge key heads", "num_key_value_heads: expected 1 to 4096, found 4611686018427387904",
            ["num_key_value_heads": "4611686018427387904"]),
        .config(
            "odd head_dim", "num_attention_heads: expected heads of even width, found width 3",
            ["head_dim": "3"]),
        .config("huge head_dim", "head_dim: expected 1 to 4096, found 1000000", ["head_dim": "1000000"]),
        .config(
            "another head_dim",
            """
            DIR/model.safetensors: model.layers.0.self_attn.k_proj.weight: expected shape \
            [8, 8] by the configuration, found [4, 8]
            """, ["head_dim": "8"]),
        .config(
            "key heads 2",
            """
            DIR/model.safetensors: model.layers.0.self_attn.k_proj.weight: expected shape \
            [8, 8] by the configuration, found [4, 8]
            """, ["num_key_value_heads": "2"]),
        .config(
            "another hidden_size",
            """
            DIR/model.safetensors: lm_head.weight: expected shape [16, 12] by the \
            configuration, found [16, 8]
            """, ["hidden_size": "12"]),
        .config(
            "another intermediate_size",
            """
            DIR/model.safetensors: model.layers.0.mlp.down_proj.weight: expected shape [8, \
            25] by the configuration, found [8, 24]
            """, ["intermediate_size": "25"]),
        .config(
            "another vocab_size",
            """
            DIR/model.safetensors: lm_head.weight: expected shape [32, 8] by the \
            configuration, found [16, 8]
            """, ["vocab_size": "32"]),
        .config(
            "biases announced",
            """
            DIR: the tensors are not those of this Llama: missing \
            model.layers.0.self_attn.k_proj.bias model.layers.0.self_attn.o_proj.bias \
            model.layers.0.self_attn.q_proj.bias model.layers.0.self_attn.v_proj.bias \
            model.layers.1.self_attn.k_proj.bias model.layers.1.self_attn.o_proj.bias … (8 \
            in all)
            """, ["attention_bias": "true"]),
        .config(
            "tied a string", "tie_word_embeddings: expected true or false, found \"yes\"",
            ["tie_word_embeddings": "\"yes\""]),
        .config(
            "two bases", "rope_theta: expected 500000.0, as in rope_parameters.rope_theta, found 10000.0",
            ["rope_parameters": "{\"rope_type\": \"default\", \"rope_theta\": 5e5}"]),
        .config(
            "another base beside the older scaling",
            "rope_theta: expected 500000.0, as in rope_scaling.rope_theta, found 10000.0",
            ["rope_scaling": "{\"rope_type\": \"linear\", \"factor\": 2, \"rope_theta\": 5e5}"]),
        .config(
            "two scalings", "rope_scaling: expected none, as in rope_parameters, found linear, factor 2.0",
            [
                "rope_parameters": "{\"rope_type\": \"default\"}",
                "rope_scaling": "{\"type\": \"linear\", \"factor\": 2}",
            ]),
        .config(
            "eos a string", "eos_token_id: expected a whole number, found \"</s>\"",
            ["eos_token_id": "\"</s>\""]),
        .config(
            "eos too large", "eos_token_id: expected ids of 31 bits, found 4294967298",
            ["eos_token_id": "4294967298"]),
        BadInput(
            "output missing though not tied",
            "DIR: the tensors are not those of this Llama: missing lm_head.weight"
        ) {
            try .huggingFace(TinyModel(isTied: true), TinyModel().config())
        },
        BadInput(
            "biases not announced",
            """
            DIR: the tensors are not those of this Llama: unexpected \
            model.layers.0.mlp.down_proj.bias model.layers.0.mlp.gate_proj.bias \
            model.layers.0.mlp.up_proj.bias model.layers.1.mlp.down_proj.bias \
            model.layers.1.mlp.gate_proj.bias model.layers.1.mlp.up_proj.bias
            """
        ) {
            try .huggingFace(TinyModel(hasFeedForwardBias: true), TinyModel().config())
        },
    ])
    func refusesConfig(input: BadInput) throws { try input.check() }
}
