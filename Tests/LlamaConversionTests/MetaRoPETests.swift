import Foundation
import Testing

@testable import LlamaCheckpointTestSupport
@testable import LlamaCheckpoints
@testable import LlamaConversion

/// Llama 3's scaling of rotations in `params.json`, under the names of Meta's `ModelArgs`.
struct MetaRoPETests {
    /// What is written, and that it is read back.
    @Test(
        arguments: [
            (8.0, 4.0, nil, nil), (16, 4, 16, 4), (8, 2, 8, 2), (32, 4, 32, 4),
        ] as [(Double, Double, Double?, Double?)])
    func comesBack(factor: Double, high: Double, statedFactor: Double?, statedHigh: Double?) throws {
        let model = TinyModel()
        let scaling = """
            {"rope_type": "llama3", "factor": \(factor), "low_freq_factor": 1.0, "high_freq_factor": \(high), \
            "original_max_position_embeddings": 8192}
            """
        let source = try TemporaryFolder.huggingFace(model, model.config(["rope_scaling": scaling]))
        let original = try source.open()
        let folder = try TemporaryFolder()
        for format in [CheckpointFormat.meta, .metaSafetensors] {
            let copy = try original.converted(to: format, in: folder, format.rawValue)
            #expect(copy.configuration.rope == original.configuration.rope)
            let params = try ConfigurationReader(copy.folder + "/params.json")
            #expect(try params.flag("use_scaled_rope"))
            #expect(try params.optionalPositive("rope_scaling_factor") == statedFactor)
            #expect(try params.optionalPositive("rope_high_freq_factor") == statedHigh)
            #expect(!params.has("high_freq_factor"))
            let back = try copy.converted(to: .huggingFace, in: folder, format.rawValue + "-back")
            #expect(back.configuration.rope == original.configuration.rope)
        }
    }

    /// Meta's code ignores the factors without the switch; that is said.
    @Test func factorsWithoutTheSwitchHaveNoEffect() throws {
        let model = TinyModel()
        let params = model.params(["rope_scaling_factor": "16", "rope_high_freq_factor": "2"])
        let folder = try TemporaryFolder.meta(model, params)
        let report = try CheckpointReport(at: folder.path)
        #expect(report.configuration?.rope.scaling == RoPEConfiguration.Scaling.none)
        #expect(
            report.problems.prefix(2) == [
                "params.json: rope_scaling_factor has no effect without use_scaled_rope",
                "params.json: rope_high_freq_factor has no effect without use_scaled_rope",
            ])
    }
}
