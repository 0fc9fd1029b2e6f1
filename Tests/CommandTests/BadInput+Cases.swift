import Foundation
import LlamaTestSupport

extension BadInput {
    static let checkpoints = [
        BadInput("missing folder", 66, "…/none", ["no such file or directory"]) {
            try ["--checkpoints", $0.appending(path: "none").path] + goodList($0)
        },
        BadInput("empty folder", 66, "…/empty", ["no checkpoint here: found an empty folder"]) {
            let empty = $0.appending(path: "empty")
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: false)
            return try ["--checkpoints", empty.path] + goodList($0)
        },
        spoilt("truncated .pth", 65, "consolidated.01.pth", ["cut off"], in: "meta-2shards-f16") {
            try rewrite($0, "consolidated.01.pth") { $0 = $0.prefix(20_000) }
        },
        spoilt("truncated safetensors", 65, "model.safetensors", ["cut off"]) {
            try rewrite($0, "model.safetensors") { $0 = $0.prefix(50_000) }
        },
        spoilt("header beyond the file", 65, "model.safetensors", ["header length: expected", "200000"]) {
            try rewrite($0, "model.safetensors") { $0.replaceSubrange(0..<4, with: [0x40, 0x0D, 0x03, 0]) }
        },
        spoilt("header that is no JSON", 65, "model.safetensors", ["expected"]) {
            try rewrite($0, "model.safetensors") { $0[8] = 0x21 }
        },
        spoilt("missing first shard", 66, "consolidated.00.pth", ["no such file"], in: "meta-2shards-f16") {
            try FileManager.default.removeItem(at: $0.appending(path: "model/consolidated.00.pth"))
        },
        BadInput(
            "missing last shard", 65, "…/model", ["expected 32 rows", "found consolidated.00.pth"],
            fixture: "meta-2shards-f16"
        ) {
            try FileManager.default.removeItem(at: $0.appending(path: "model/consolidated.01.pth"))
            return try goodList($0)
        },
        spoilt(
            "missing Hugging Face shard", 66, "model-00002-of-00002.safetensors", ["no such file"],
            in: "hf-biased-bf16"
        ) {
            try FileManager.default.removeItem(
                at: $0.appending(path: "model/model-00002-of-00002.safetensors"))
        },
        spoilt(
            "web page as params.json", 65, "params.json", ["expected JSON, found a web page"],
            in: "meta-2shards-f16"
        ) {
            try rewrite($0, "params.json") { $0 = Data("<!DOCTYPE html><html></html>".utf8) }
        },
        BadInput(
            "shapes that params.json contradicts", 65, "…/model/consolidated.00.pth",
            ["w1.weight: expected 192 rows"],
            fixture: "meta-2shards-f16"
        ) {
            try replace($0, "params.json", "\"dim\": 32", "\"dim\": 64")
            return try goodList($0)
        },
        spoilt(
            "unknown rope_type", 65, "config.json",
            ["rope_type: expected default, linear or llama3, found banana"]
        ) {
            try replace($0, "config.json", "\"linear\"", "\"banana\"")
        },
        BadInput("weights that are not numbers", 65, "…/good.jsonl: line 1", ["expected finite logits"]) {
            try rewrite($0, "model.safetensors") { data in
                data.replaceSubrange(20_000..., with: repeatElement(0xFF, count: data.count - 20_000))
            }
            return try ["--output", "/dev/null", "--quiet"] + goodList($0)
        },
    ]

    static let tokenizers = [
        BadInput("missing tokenizer", 66, "…/none.model", ["expected a tokenizer file, found nothing"]) {
            ["--prompt", "x", "--tokenizer", $0.appending(path: "none.model").path]
        },
        BadInput(
            "tokenizer of another model", 65, "…/bpe.model", ["expected a vocabulary of 96", "found 400"]
        ) {
            let copy = $0.appending(path: "bpe.model")
            try FileManager.default.copyItem(at: Fixtures.tokenizer("bpe.model"), to: copy)
            return ["--prompt", "x", "--tokenizer", copy.path]
        },
        BadInput("folder as tokenizer", 66, "…", ["expected tokenizer.model or tokenizer.json there"]) {
            ["--prompt", "x", "--tokenizer", $0.path]
        },
        BadInput("damaged tokenizer beside the weights", 65, "…/model/tokenizer.model", ["found a web page"])
        {
            try Data("<html>".utf8).write(to: $0.appending(path: "model/tokenizer.model"))
            return ["--prompt", "x"]
        },
        BadInput("text without a tokenizer", 65, "--prompt", ["give one with --tokenizer"]) { _ in
            ["--prompt", "x"]
        },
    ]

    static let prompts = [
        BadInput("missing list", 66, "…/none.txt", ["cannot be read: No such file or directory"]) {
            ["--prompts", $0.appending(path: "none.txt").path]
        },
        BadInput("folder as list", 66, "…", ["cannot be read: Is a directory"]) { ["--prompts", $0.path] },
        BadInput("empty list", 65, "…/p.jsonl", ["expected at least one prompt, found none"]) {
            try list($0, "p.jsonl", "\n\n".utf8)
        },
        BadInput("invalid UTF-8", 65, "…/p.txt: line 2", ["expected UTF-8"]) {
            try list($0, "p.txt", [0x61, 0x0A, 0xC3, 0x28, 0x0A])
        },
        BadInput("JSON cut off", 65, "…/p.json", ["expected valid JSON"]) {
            try list($0, "p.json", "[\"one\"".utf8)
        },
        BadInput(
            "id that the model has not", 65, "…/p.jsonl: line 2", ["expected token ids below 96, found 96"]
        ) {
            try list($0, "p.jsonl", "{\"prompt_ids\":[1]}\n{\"prompt_ids\":[96]}".utf8)
        },
        BadInput("long prompt", 65, "…/good.jsonl: line 1", ["at most 1 tokens, found 2", "--max-seq-len"]) {
            try ["--max-seq-len", "1"] + goodList($0)
        },
        BadInput("output that cannot be created", 73, "…/none/out.jsonl", ["cannot be created"]) {
            try ["--output", $0.appending(path: "none/out.jsonl").path] + goodList($0)
        },
        BadInput("folder as output", 73, "…", ["cannot be created: Is a directory"]) {
            try ["--output", $0.path] + goodList($0)
        },
        BadInput("full disk", 74, "/dev/full", ["cannot be written: No space left on device"]) {
            try ["--output", "/dev/full", "--quiet"] + goodList($0)
        },
    ]

    /// A checkpoint of which one file is bad.
    private static func spoilt(
        _ description: String, _ code: Int32, _ file: String, _ parts: [String],
        in fixture: String = "hf-tied-f32",
        spoil: @escaping @Sendable (URL) throws -> Void
    ) -> BadInput {
        BadInput(description, code, "…/model/\(file)", parts, fixture: fixture) {
            try spoil($0)
            return try goodList($0)
        }
    }
}
