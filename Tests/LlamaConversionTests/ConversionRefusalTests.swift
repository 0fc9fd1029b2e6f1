@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// What a format cannot express is refused, with the reason, before anything is written.
struct ConversionRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var model = TinyModel()
        var config: [(String, String)] = []
        let format: CheckpointFormat
        var dtype: DType?
        var shards: Int?
        /// What follows `FORMAT: cannot express this checkpoint: `.
        let message: String

        var testDescription: String { name }
    }

    private static let linear = [("rope_scaling", #"{"rope_type": "linear", "factor": 4.0}"#)]
    private static func llama3(low: Double, length: Int) -> [(String, String)] {
        let scaling = """
            {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": \(low), "high_freq_factor": 4.0, \
            "original_max_position_embeddings": \(length)}
            """
        return [("rope_scaling", scaling)]
    }
    private static let wide = TinyModel(headDim: 6)
    private static let biased = TinyModel(hasAttentionBias: true)

    static let cases = [
        Case(
            name: "linear RoPE, meta", config: linear, format: .meta,
            message: "params.json supports only Llama 3's RoPE scaling, and this is linear, factor 4.0"),
        Case(
            name: "low frequencies, meta", config: llama3(low: 0.5, length: 8192), format: .meta,
            message: "params.json has no low_freq_factor, and 0.5 is not 1"),
        Case(
            name: "original length, meta", config: llama3(low: 2, length: 4096), format: .metaSafetensors,
            message: """
                params.json has no low_freq_factor, and 2.0 is not 1; \
                params.json has no original_max_position_embeddings, and 4096 is not 8192
                """),
        Case(
            name: "llama3 RoPE, llama2c", config: llama3(low: 1, length: 8192), format: .llama2c,
            message: """
                llama2.c .bin: rope_scaling: expected none, which the format assumes, \
                found llama3, factor 8.0, low 1.0, high 4.0, original length 8192; choose another format
                """),
        Case(
            name: "linear RoPE, llama2c", config: linear, format: .llama2c,
            message: """
                llama2.c .bin: rope_scaling: expected none, which the format assumes, \
                found linear, factor 4.0; choose another format
                """),
        Case(
            name: "theta, llama2c", config: [("rope_theta", "500000.0")], format: .llama2c,
            message: """
                llama2.c .bin: rope_theta: expected 10000, which the format assumes, found 500000.0; \
                choose another format
                """),
        Case(
            name: "head_dim, meta", model: wide, format: .metaSafetensors,
            message: "params.json has no head_dim, and 6 is not dim 8 / n_heads 2"),
        Case(
            name: "head_dim, llama2c", model: wide, format: .llama2c,
            message: """
                llama2.c .bin: head_dim: expected dim 8 / n_heads 2, which the format assumes, found 6; \
                choose another format
                """),
        Case(name: "biases, meta", model: biased, format: .meta, message: "Meta's Llama has no biases"),
        Case(
            name: "two reasons", model: TinyModel(headDim: 6, hasFeedForwardBias: true), format: .meta,
            message: """
                Meta's Llama has no biases; params.json has no head_dim, and 6 is not dim 8 / n_heads 2
                """),
        Case(
            name: "shards", format: .meta, shards: 2,
            message: "n_kv_heads 1 does not divide into 2 shards"),
        Case(name: "no shards", format: .huggingFace, shards: 2, message: "shards are for Meta's formats"),
        Case(
            name: "blocks, safetensors", format: .huggingFace, dtype: .q8_0,
            message: "it holds no Q8_0 weights"),
        Case(
            name: "float16, llama2c", format: .llama2c, dtype: .float16, message: "it holds no F16 weights"),
    ]

    @Test(arguments: cases) func saysWhy(example: Case) throws {
        var config = example.model.config()
        for (key, value) in example.config {
            config = example.model.config([key: value])
        }
        let source = try TemporaryFolder.huggingFace(example.model, config)
        var options = ConversionOptions(format: example.format)
        (options.dtype, options.shards) = (example.dtype, example.shards)
        let checkpoint = try source.open()
        let error = #expect(throws: ConversionError.self) { try ConversionPlan(checkpoint, options) }
        #expect(
            error?.description == "\(example.format.rawValue): cannot express this checkpoint: "
                + example.message)
    }

    @Test func quantizedWeightsAreExpandedOnRequestOnly() throws {
        let source = try TemporaryFolder.huggingFace(TinyModel(dim: 32, headDim: 16, hiddenDim: 64))
        let folder = try TemporaryFolder()
        let small = try source.open().converted(to: .gguf, as: .q8_0, in: folder, "small")
        let error = #expect(throws: ConversionError.self) {
            try ConversionPlan(small, ConversionOptions(format: .huggingFace))
        }
        #expect(
            error?.description
                == """
                huggingface: cannot express this checkpoint: it holds no Q8_0 weights; \
                choose the dtype float16, bfloat16 or float32 to expand them
                """)
        let wide = try small.converted(to: .huggingFace, as: .float32, in: folder, "wide")
        #expect(try CheckpointComparison(small, wide).isSame)
        // The same blocks again.
        let again = try small.converted(to: .gguf, in: folder, "again")
        #expect(try CheckpointComparison(small, again).entries.allSatisfy { $0.outcome == .identical })
    }
}
