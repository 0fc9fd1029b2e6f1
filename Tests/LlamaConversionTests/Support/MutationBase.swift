@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import Foundation
import LlamaTestSupport
import Testing
import LlamaTokenizers

/// An intact checkpoint or tokenizer whose copies are damaged.
struct MutationBase: Sendable, CustomTestStringConvertible {
    let name: String
    /// What is opened: a file in the folder, or the folder.
    let opened: String
    /// The file that is damaged, where not all are.
    let damaged: String?
    /// Whether it is a tokenizer by itself.
    let isTokenizer: Bool
    let make: @Sendable () throws -> TemporaryFolder

    private init(
        _ name: String, opening opened: String = "", damaging damaged: String? = nil,
        isTokenizer: Bool = false,
        make: @escaping @Sendable () throws -> TemporaryFolder
    ) {
        (self.name, self.opened, self.damaged) = (name, opened, damaged)
        (self.isTokenizer, self.make) = (isTokenizer, make)
    }

    var testDescription: String { name }

    static let all: [MutationBase] =
        [
            MutationBase(".pth + params.json") { try .meta(TinyModel(nLayers: 1)) },
            MutationBase(".pth, ZIP64") {
                var writer = TorchBuilder(TinyModel().tensors(.meta))
                writer.zip.isZip64 = true
                return try .torch(writer.bytes)
            },
            MutationBase(".pth, 2 shards") { try .metaShards(2, TinyModel(nLayers: 1, nKVHeads: 2)) },
            checkpoint(".pth of torch, 2 shards", "meta-2shards-f16"),
            MutationBase("Meta safetensors") {
                let folder = try TemporaryFolder()
                try folder.write("params.json", TinyModel(nLayers: 1).params())
                try folder.write(
                    "consolidated.safetensors", SafetensorsBuilder.bytes(TinyModel(nLayers: 1).tensors(.meta))
                )
                return folder
            },
            MutationBase("params.json", damaging: "params.json") {
                let params = TinyModel(nLayers: 1).params([
                    "ffn_dim_multiplier": "1.0", "rope_theta": "500000.0", "use_scaled_rope": "true",
                    "rope_high_freq_factor": "4", "max_seq_len": "64",
                ])
                return try .meta(TinyModel(nLayers: 1), params)
            },
            MutationBase("safetensors + config.json") {
                let folder = try TemporaryFolder.huggingFace(TinyModel(nLayers: 1))
                try folder.write("generation_config.json", "{\"eos_token_id\": [1, 2], \"bos_token_id\": 0}")
                return folder
            },
            MutationBase("pytorch_model.bin") {
                let model = TinyModel(nLayers: 1, isTied: true)
                let folder = try TemporaryFolder()
                try folder.write("config.json", model.config())
                try folder.write("pytorch_model.bin", TorchBuilder(model.tensors(.huggingFace)).bytes)
                return folder
            },
            MutationBase("safetensors, index + 2 shards") {
                try .huggingFaceShards(TinyModel(nLayers: 1, isTied: true))
            },
            checkpoint("safetensors of transformers, index + 2 shards", "hf-biased-bf16"),
            checkpoint("safetensors of transformers", "hf-tied-f32"),
            MutationBase("config.json", damaging: "config.json") {
                let scaling =
                    "{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192}"
                let config = TinyModel(nLayers: 1).config([
                    "rope_scaling": scaling, "bos_token_id": "0", "torch_dtype": "\"float32\"",
                ])
                return try .huggingFace(TinyModel(nLayers: 1), config)
            },
            MutationBase("GGUF") { try .gguf(GGUFBuilder(TinyModel(nLayers: 1)).bytes) },
            gguf("GGUF with SentencePiece", "bpe.model"),
            gguf("GGUF with byte-level BPE", "Tiktoken/tiny.model"),
        ]
        + ([0, 1, 2] as [Int32]).map { version in
            MutationBase(".bin v\(version)", opening: "model.bin") {
                let folder = try TemporaryFolder()
                try folder.write("model.bin", Llama2cImage(version: version).bytes)
                return folder
            }
        } + [
            tokenizer("tokenizer.model, SentencePiece", "bpe.model"),
            tokenizer("tokenizer.model, SentencePiece unigram", "unigram.model"),
            tokenizer("tokenizer.model, tiktoken", "Tiktoken/tiny.model"),
            tokenizer("tokenizer.json of Llama 2", "HuggingFace/llama2.json", as: "tokenizer.json"),
            tokenizer("tokenizer.json of Llama 3", "HuggingFace/llama3.json", as: "tokenizer.json"),
            tokenizer("tokenizer.json, normalizers", "HuggingFace/normalizers.json", as: "tokenizer.json"),
            MutationBase("tok512.bin", opening: "tok512.bin", isTokenizer: true) {
                let folder = try TemporaryFolder()
                let bytes = (0..<256).map { byte in
                    "<0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))>"
                }
                let pieces = ["e", "t", "a", "o", "n", " ", " t", "on", "on t"]
                var out = ByteWriter()
                out.write(UInt32(7))
                for (id, token) in (["<unk>", "\n<s>\n", "\n</s>\n"] + bytes + pieces).enumerated() {
                    out.write((id < 259 ? 0 : -Float(id - 259)).bitPattern)
                    out.write(UInt32(token.utf8.count))
                    out.write(token)
                }
                try folder.write("tok512.bin", out.bytes)
                return folder
            },
        ] + shared

    /// The shared checkpoints, where there are any and many inputs are wanted: they are larger.
    private static let shared: [MutationBase] = {
        let isMany = ProcessInfo.processInfo.environment["LLAMA_MUTATIONS"] != nil
        guard isMany, TestData.isWanted else { return [] }
        let names = [
            "micro-meta-f16", "micro-meta-f16-gqa-2shards", "micro-meta-llama31-bf16-2shards",
            "micro-meta-safetensors-f16", "micro-hf-f32", "micro-hf-headdim-f16",
            "micro-hf-llama32-tied-bf16", "micro-hf-bf16-sharded-linear-rope",
        ]
        return names.map { shared($0) } + [
            shared("stories260K", files: ["consolidated.00.pth", "params.json", "tokenizer.model"]),
            shared("stories260K", files: ["stories260K.bin", "tok512.bin"], opening: "stories260K.bin"),
        ]
    }()

    private static func shared(
        _ name: String, files: [String]? = nil, opening opened: String = ""
    ) -> MutationBase {
        MutationBase(opened.isEmpty ? name : opened, opening: opened) {
            let source = try TestData.url("checkpoints/\(name)")
            let all = try FileManager.default.contentsOfDirectory(atPath: source.path)
            let folder = try TemporaryFolder()
            for file in files ?? all.filter({ $0 != "expected.safetensors" }) {
                try folder.write(file, [UInt8](Data(contentsOf: source.appending(path: file))))
            }
            return folder
        }
    }

    private static func checkpoint(_ name: String, _ fixture: String) -> MutationBase {
        MutationBase(name) {
            let folder = try TemporaryFolder()
            let source = try Fixtures.checkpoint(fixture)
            for file in try FileManager.default.contentsOfDirectory(atPath: source.path)
            where file != "expected.safetensors" {
                try folder.write(file, [UInt8](Data(contentsOf: source.appending(path: file))))
            }
            return folder
        }
    }

    private static func gguf(_ name: String, _ tokenizer: String) -> MutationBase {
        MutationBase(name) {
            let vocabulary = try EmbeddedVocabulary(tokenizerFile: Fixtures.tokenizer(tokenizer).path)
            var builder = GGUFBuilder(TinyModel(nLayers: 1, vocabularySize: vocabulary.tokens.count))
            for (key, value) in vocabulary.metadata { builder.set(key, value) }
            return try .gguf(builder.bytes)
        }
    }

    private static func tokenizer(
        _ name: String, _ fixture: String, as file: String = "tokenizer.model"
    ) -> MutationBase {
        MutationBase(name, opening: file, isTokenizer: true) {
            let folder = try TemporaryFolder()
            try folder.write(file, [UInt8](Data(contentsOf: Fixtures.tokenizer(fixture))))
            return folder
        }
    }
}
