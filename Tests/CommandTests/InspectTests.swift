import Foundation
import LlamaTestSupport
import Testing

/// `llama-convert inspect`.
struct InspectTests {
    private struct Report: Decodable {
        struct Value: Decodable {
            let value: JSON?
            let source: String
        }
        /// A value of the types that a configuration has.
        enum JSON: Decodable, Equatable {
            case number(Double)
            case bool(Bool)
            case members([String: JSON])
            case string(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let value = try? container.decode(Bool.self) {
                    self = .bool(value)
                } else if let value = try? container.decode(Double.self) {
                    self = .number(value)
                } else if let value = try? container.decode(String.self) {
                    self = .string(value)
                } else {
                    self = .members(try container.decode([String: JSON].self))
                }
            }
        }
        struct Tensor: Decodable {
            let name: String
            let role: String?
            let shape: [Int]
            let offset: Int?
            let bytes: Int
            let cut: String?
        }
        let opens: Bool
        let error: String?
        let format: String?
        let configuration: [String: Value]?
        let tensors: [Tensor]?
        let problems: [String]
    }

    private func inspect(_ arguments: [String], _ folder: URL? = nil) throws -> Command {
        try Command.run(["inspect"] + arguments, folder: folder, program: "llama-convert")
    }

    private func report(_ result: Command) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    }

    @Test func describesMetaShards() throws {
        let folder = try Fixtures.folder.appending(path: "Checkpoints")
        let result = try inspect(["meta-2shards-f16"], folder)
        #expect(
            result.output == """
                path        meta-2shards-f16
                format      Meta .pth
                family      Llama-like
                            by vocabulary of 96; RoPE theta 10000.0, scaling none; dim 32, 2 layers, hidden 96, \
                4 heads; 2 query heads to a key-value head; no Llama has this vocabulary with these rotations
                parameters  30,880
                            24,736 outside the embeddings
                dtypes      F16 (21 tensors, 61,760 bytes)
                cut         in 2: 11 by rows, 5 by columns, 5 whole
                tokenizer   none
                files
                  consolidated.00.pth  38,657 bytes  21 tensors
                  consolidated.01.pth  38,657 bytes  16 tensors
                configuration
                  dim                 32                  params.json: dim
                  nLayers             2                   params.json: n_layers
                  nHeads              4                   params.json: n_heads
                  nKVHeads            2                   params.json: n_kv_heads
                  headDim             8                   default: dim / n_heads
                  hiddenDim           96                  params.json: dim, multiple_of; shape of w1
                  vocabularySize      96                  shape of tok_embeddings.weight
                  normEpsilon         1e-05               params.json: norm_eps
                  tiesEmbeddings      false               output.weight is there
                  hasAttentionBias    false               nowhere: Meta's files have none
                  hasFeedForwardBias  false               nowhere: Meta's files have none
                  contextLength       unknown             nowhere
                  rope.theta          10000.0             default
                  rope.scaling        none                default
                  stopTokens          unknown             nowhere
                  q and k rows        interleaved (Meta)  names of the tensors
                problems
                  rope.freqs dropped: the rotations are computed from the configuration
                  not part of the checkpoint: expected.safetensors
                  no tokenizer beside the weights (tokenizer.model, tokenizer.json)

                """)
        #expect(result.error == "" && result.code == 0)
    }

    @Test func listsEveryTensorAsJSON() throws {
        let path = try Fixtures.checkpoint("hf-tied-f32").path
        let report = try report(inspect([path, "--json", "--tensors"]))
        #expect(report.opens && report.error == nil && report.format == "Hugging Face safetensors")
        let tensors = try #require(report.tensors)
        #expect(tensors.count == 20)
        let key = try #require(tensors.first { $0.role == "layers.1.attention.wk.weight" })
        #expect(key.name == "model.layers.1.self_attn.k_proj.weight" && key.shape == [16, 32])
        #expect(key.bytes == 2048 && key.cut == "whole" && key.offset != nil)
        let theta = try #require(report.configuration?["rope.theta"])
        #expect(theta.value == .number(10000) && theta.source == "config.json: rope_parameters.rope_theta")
        let heads = try #require(report.configuration?["headDim"])
        #expect(heads.value == .number(8) && heads.source == "default: hidden_size / num_attention_heads")
        let others: [String: Report.JSON?] = [
            "tiesEmbeddings": .bool(true), "normEpsilon": .number(1e-5), "stopTokens": nil,
            "rope.scaling": .members(["type": .string("linear"), "factor": .number(2)]),
        ]
        for (name, value) in others { #expect(report.configuration?[name]?.value == value, "\(name)") }
    }

    @Test func tellsWhatItCanOfACheckpointThatDoesNotOpen() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("meta-2shards-f16")
            for name in ["params.json", "consolidated.00.pth"] {
                try FileManager.default.copyItem(
                    at: source.appending(path: name), to: folder.appending(path: name))
            }
            let missing = try inspect([".", "--json"], folder)
            #expect(missing.code == 65)
            #expect(
                missing.error.hasPrefix(
                    "llama-convert: error: .: layers.0.attention.wq.weight: expected 32 rows"))
            let report = try report(missing)
            #expect(!report.opens && report.error?.contains("2 model-parallel shards") == true)
            #expect(report.format == "Meta .pth" && report.configuration == nil)

            let cut = try Data(contentsOf: source.appending(path: "consolidated.01.pth")).prefix(20000)
            try cut.write(to: folder.appending(path: "consolidated.01.pth"))
            let damaged = try inspect(["."], folder)
            #expect(damaged.code == 65 && damaged.error.contains("consolidated.01.pth: end of file"))
            #expect(damaged.output.contains("\n  consolidated.01.pth  20,000 bytes  not readable\n"))
            #expect(damaged.output.contains("\n  consolidated.00.pth  38,657 bytes  22 tensors\n"))
        }
    }

    /// GGUF's reader names the problem, and other files in the folder are left alone.
    @Test func describesADamagedGGUFFileAsOne() throws {
        try withTemporaryFolder { folder in
            try Data("GGUF".utf8 + [3, 0, 0, 0, 9]).write(to: folder.appending(path: "damaged.gguf"))
            try Data("PK".utf8).write(to: folder.appending(path: "other.pth"))
            let result = try inspect(["damaged.gguf", "--json"], folder)
            #expect(result.code == 65)
            #expect(
                result.error == """
                    llama-convert: error: ./damaged.gguf: tensor count: expected 8 bytes at byte 8, \
                    found the end of the file; the file is cut off: fetch it again

                    """)
            let report = try report(result)
            #expect(!report.opens && report.format == "GGUF")
            #expect(report.problems == ["no tokenizer beside the weights (tokenizer.model, tokenizer.json)"])
        }
    }

    @Test func namesAPathThatIsNotThere() throws {
        let result = try inspect(["/nowhere/at/all"])
        #expect(result.code == 66 && result.output == "")
        #expect(result.error == "llama-convert: error: /nowhere/at/all: no such file or directory\n")
    }

    @Test func namesAConfigurationThatDisagreesWithTheTensors() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("hf-tied-f32")
            try FileManager.default.copyItem(
                at: source.appending(path: "model.safetensors"),
                to: folder.appending(path: "model.safetensors"))
            let config = try String(contentsOf: source.appending(path: "config.json"), encoding: .utf8)
            try Data(
                config.replacing("{\n \"model_type\"", with: "{\"torch_dtype\": \"float16\", \"model_type\"")
                    .utf8
            )
            .write(to: folder.appending(path: "config.json"))
            let tokenizer = folder.appending(path: "tokenizer.model")
            try FileManager.default.copyItem(at: Fixtures.tokenizer("bpe.model"), to: tokenizer)
            let result = try inspect([folder.path, "--json"])
            #expect(result.code == 0)
            let problems = try report(result).problems
            #expect(problems.contains("config.json: torch_dtype is float16, the tensors are F32"))
            #expect(problems.contains("tokenizer.model has 400 ids, the model 96: too few"))
        }
    }
}
