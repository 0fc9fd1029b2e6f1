import LlamaTensors
@testable import LlamaCheckpointTestSupport
import Testing

@testable import LlamaCheckpoints

@Suite struct RoPEConfigurationTests {
    private static let llama3 =
        "\"factor\": 32.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192"

    private func rope(_ changes: KeyValuePairs<String, String?>) throws -> RoPEConfiguration {
        try TemporaryFolder.huggingFace(TinyModel(), TinyModel().config(changes)).open().configuration.rope
    }

    @Test func readsTheOlderKeys() throws {
        #expect(try rope(["rope_theta": "5e5"]) == RoPEConfiguration(theta: 500_000, scaling: .none))
        #expect(try rope(["rope_scaling": "null"]).scaling == .none)
        #expect(
            try rope(["rope_scaling": "{\"type\": \"linear\", \"factor\": 4}"]).scaling == .linear(factor: 4))
        #expect(
            try rope(["rope_scaling": "{\"rope_type\": \"linear\", \"factor\": 2.5}"]).scaling
                == .linear(factor: 2.5))
        let scaling = "{\"rope_type\": \"llama3\", \(RoPEConfigurationTests.llama3)}"
        let expected = RoPEConfiguration.Scaling.llama3(
            factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192)
        #expect(try rope(["rope_scaling": scaling]).scaling == expected)
    }

    @Test func readsTheNewerKeys() throws {
        let plain = try rope([
            "rope_theta": nil, "rope_parameters": "{\"rope_theta\": 5e5, \"rope_type\": \"default\"}",
        ])
        #expect(plain == RoPEConfiguration(theta: 500_000, scaling: .none))
        let scaled = try rope([
            "rope_theta": nil,
            "rope_parameters":
                "{\"rope_theta\": 7, \"rope_type\": \"llama3\", \(RoPEConfigurationTests.llama3)}",
        ])
        #expect(scaled.theta == 7 && scaled.scaling != .none)
        let linear = "{\"rope_type\": \"linear\", \"factor\": 4}"
        #expect(
            try rope(["rope_parameters": linear])
                == RoPEConfiguration(theta: 10000, scaling: .linear(factor: 4)))
    }

    /// Llama 3.2 1B and 3B say only `use_scaled_rope`; their factor is 32 where Llama 3.1's is 8.
    @Test(
        arguments: [(128_256, nil, 32.0), (128_255, nil, 8), (128_256, "16", 16), (16, nil, 8)]
            as [(Int, String?, Double)])
    func guessesMetasScaleFactorByShape(vocabularySize: Int, stated: String?, factor: Double) throws {
        let model = TinyModel(nLayers: 1, vocabularySize: vocabularySize, dtype: .float16)
        let params = model.params([
            "use_scaled_rope": "true", "rope_theta": "5e5", "rope_scaling_factor": stated,
        ])
        let rope = try TemporaryFolder.meta(model, params).open().configuration.rope
        #expect(rope.theta == 500_000)
        let expected = RoPEConfiguration.Scaling.llama3(
            factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192)
        #expect(rope.scaling == expected)
    }

    /// Under the names of `ModelArgs` in llama-models' `models/llama4/args.py`, and under the one of earlier versions.
    @Test(
        arguments: [
            (["rope_high_freq_factor": "2"], 2.0), (["high_freq_factor": "3"], 3),
            (["rope_high_freq_factor": "2", "high_freq_factor": "2.0"], 2),
            (["rope_high_freq_factor": "null", "high_freq_factor": "3"], 3), ([:], 4),
        ] as [(KeyValuePairs<String, String?>, Double)])
    func readsMetasFactorOfHighFrequencies(keys: KeyValuePairs<String, String?>, high: Double) throws {
        let model = TinyModel()
        let changes =
            [("use_scaled_rope", "true"), ("rope_scaling_factor", "16")] + keys.map { ($0, $1 ?? "null") }
        var params = model.params()
        params.removeLast()
        params += changes.map { ", \"\($0)\": \($1)" }.joined() + "}"
        let rope = try TemporaryFolder.meta(model, params).open().configuration.rope
        #expect(
            rope.scaling
                == .llama3(
                    factor: 16, lowFrequencyFactor: 1, highFrequencyFactor: high, originalLength: 8192))
    }

    @Test func tiesTheOutputOfSmallLlama32Only() throws {
        for (vocabularySize, isTied) in [(128_256, true), (128_255, false)] {
            let model = TinyModel(nLayers: 1, vocabularySize: vocabularySize, isTied: true, dtype: .float16)
            let folder = try TemporaryFolder.meta(model)
            guard isTied else {
                #expect(
                    folder.message()
                        == "DIR: the tensors are not those of this Llama: missing output.weight")
                continue
            }
            #expect(try folder.open().configuration.tiesEmbeddings)
        }
    }

    @Test func spacesFrequenciesGeometrically() {
        let frequencies = RoPEConfiguration(theta: 10000, scaling: .none).inverseFrequencies(headDim: 8)
        #expect(zip(frequencies, [1, 0.1, 0.01, 0.001] as [Float]).allSatisfy { abs($0 - $1) < 1e-6 * $1 })
        #expect(frequencies.count == 4)
    }

    @Test func dividesEveryFrequencyForLinear() {
        let plain = RoPEConfiguration(theta: 500, scaling: .none).inverseFrequencies(headDim: 64)
        let linear = RoPEConfiguration(theta: 500, scaling: .linear(factor: 4)).inverseFrequencies(
            headDim: 64)
        #expect(linear == plain.map { $0 / 4 })
    }

    /// By hand from the formula in double precision: waves shorter than 8192 / 4 stay, those longer than 8192
    /// are divided, between them a ramp in 8192 / wavelength.
    @Test(arguments: [8.0, 32]) func rampsBetweenTheBandsForLlama3(factor: Double) {
        let scaling = RoPEConfiguration.Scaling.llama3(
            factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192)
        let plain = RoPEConfiguration(theta: 500_000, scaling: .none).inverseFrequencies(headDim: 128)
        let scaled = RoPEConfiguration(theta: 500_000, scaling: scaling).inverseFrequencies(headDim: 128)
        var bands = (kept: 0, ramp: 0, divided: 0)
        for (before, after) in zip(plain, scaled) {
            let turns = 8192 * Double(before) / (2 * .pi)
            let weight = min(max((turns - 1) / 3, 0), 1)
            let expected = Double(before) * (weight + (1 - weight) / factor)
            #expect(abs(Double(after) - expected) <= 2e-6 * expected)
            if weight == 1 {
                bands.kept += 1
            } else if weight == 0 {
                bands.divided += 1
            } else {
                bands.ramp += 1
            }
        }
        #expect(bands.kept > 0 && bands.ramp > 0 && bands.divided > 0)
        #expect(scaled[0] == plain[0] && scaled[63] == plain[63] / Float(factor))
    }
}
