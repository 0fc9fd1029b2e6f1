import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// Which dtype a matrix gets, as `llama-quantize` chooses with `--pure --output-tensor-type q6_k`.
struct QuantizationRuleTests {
    @Test(arguments: [
        (DType.q4_K, 512, DType.q4_K, DType.q6_K), (.q4_K, 96, .q5_0, .q8_0), (.q4_K, 80, .float16, .float16),
        (.q6_K, 256, .q6_K, .q6_K), (.q6_K, 288, .q8_0, .q8_0), (.q6_K, 8, .float16, .float16),
        (.q8_0, 96, .q8_0, .q8_0), (.q8_0, 80, .float16, .float16), (.q4_0, 32, .q4_0, .q4_0),
        (.q4_0, 48, .float16, .float16), (.bfloat16, 7, .bfloat16, .bfloat16),
    ]) func choosesByWidth(asked: DType, width: Int, matrix: DType, head: DType) {
        let shape = [10, width]
        let untied = QuantizationRule(asked, tiesEmbeddings: false)
        #expect(untied.dtype(of: .tokEmbeddings, shape: shape) == matrix)
        #expect(untied.dtype(of: .layer(1, .w2), shape: shape) == matrix)
        #expect(untied.dtype(of: .output, shape: shape) == head)
        let tied = QuantizationRule(asked, tiesEmbeddings: true)
        #expect(tied.dtype(of: .tokEmbeddings, shape: shape) == head)
        #expect(tied.dtype(of: .layer(0, .wq), shape: shape) == matrix)
    }

    @Test func saysWhatFellBack() {
        let rule = QuantizationRule(.q4_K, tiesEmbeddings: false)
        let tensors: [(String, TensorRole, Int)] = [
            ("a", .tokEmbeddings, 64), ("b", .layer(0, .w2), 172), ("c", .layer(0, .w1), 64),
            ("d", .layer(0, .wo), 256), ("e", .output, 64),
        ]
        let fallbacks = tensors.compactMap { name, role, width in
            QuantizationRule.Fallback(name, role, shape: [3, width], by: rule)
        }
        #expect(
            QuantizationRule.notes(fallbacks, verb: "held") == [
                "e is held as Q8_0: Q6_K stores 256 weights of a row together, and the rows have 64",
                "2 tensors, such as a, are held as Q5_0: Q4_K stores 256 weights of a row together, "
                    + "and the rows have 64",
                "b is held as F16: Q4_K stores 256 weights of a row together, and the rows have 172",
            ])
    }
}
