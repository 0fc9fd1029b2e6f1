import Foundation
import LlamaTestSupport
import Testing

/// What a good run prints and writes.
struct OutputTests {
    static let separator = "\n==================================\n"
    let model: [String]
    let withText: [String]

    init() throws {
        model = ["--checkpoints", try Fixtures.checkpoint("hf-tied-f32").path]
        withText = model + ["--tokenizer", try Fixtures.tokenizer("char.model").path]
    }

    @Test func writesARecordForEachLineOfStandardInput() throws {
        let result = try Command.run(
            withText + ["--prompts", "-", "--output", "-", "--max-gen-len", "6", "--temperature", "0"],
            input: "{\"prompt\":\"a\"}\r\n\n{\"prompt_ids\":[7, 8]}\n")
        #expect(result.code == 0)
        #expect(result.error == "")
        let records = try result.records
        #expect(records.map { $0.index } == [0, 1])
        #expect(records[0].prompt == "a")
        #expect(records[1].prompt_ids == [7, 8])
        #expect(records.allSatisfy { $0.completion_ids.count == 6 })
        #expect(records.allSatisfy { $0.finish_reason == "length" })
    }

    @Test func printsTheTextOfTheRecords() throws {
        let prompts = ["--prompt", "a", "--prompt", "- b", "--prompt", "c", "--max-batch-size", "2"]
        let (result, records) = try runWithFile(withText + prompts)
        #expect(records.map(\.prompt) == ["a", "- b", "c"])
        let blocks = records.map { "\($0.prompt ?? "")\n> \($0.completion ?? "")" }
        #expect(result.output == blocks.joined(separator: Self.separator) + "\n")
        #expect(result.error == "")
        let (quiet, same) = try runWithFile(withText + prompts + ["--quiet"])
        #expect(quiet.output == "")
        #expect(quiet.error == "")
        #expect(same.map(\.completion_ids) == records.map(\.completion_ids))
    }

    /// Runs with `--output` to a file; also returns what is then in it.
    private func runWithFile(_ arguments: [String]) throws -> (result: Command, records: [Record]) {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "out.jsonl")
            let result = try Command.run(arguments + ["--output", file.path, "--max-gen-len", "9"])
            return (result, try Record.lines(Data(contentsOf: file)))
        }
    }

    /// As Meta's example_text_completion.py does.
    @Test func showsWhichCompletionBelongsToWhichPrompt() throws {
        let length = ["--max-gen-len", "5", "--temperature", "0"]
        let alone = try ["The\nengine", "b"].map {
            try Command.run(withText + ["--prompt", $0] + length).output
        }
        let prompts = ["--prompt", "The\nengine", "--prompt", "b"]
        let both = try Command.run(withText + prompts + length)
        #expect(
            both.output
                == "The\nengine\n> \(alone[0])==================================\nb\n> \(alone[1])")
        let echo = try Command.run(withText + prompts + length + ["--echo"])
        #expect(
            echo.output
                == "The\nengine\(alone[0])==================================\nb\(alone[1])")
    }

    @Test func echoPrintsThePromptFirst() throws {
        let plain = try Command.run(withText + ["--prompt", "The engine", "--max-gen-len", "5"])
        let echo = try Command.run(withText + ["--prompt", "The engine", "--max-gen-len", "5", "--echo"])
        #expect(echo.output == "The engine" + plain.output)
        #expect(!plain.output.isEmpty && plain.output != "\n" && plain.output.hasSuffix("\n"))
        let ids = try Command.run(
            withText + ["--prompts", "-", "--echo", "--max-gen-len", "0"], input: "{\"prompt_ids\":[1,9,9]}")
        // <s>, n, n: ids are echoed as their text.
        #expect(ids.output == "nn\n")
    }

    @Test func printsIDsWhereThereIsNoTokenizer() throws {
        let arguments = model + ["--prompts", "-", "--max-gen-len", "3", "--temperature", "0"]
        let input = "{\"prompt_ids\":[7, 8]}\n{\"prompt_ids\":[9]}\n"
        let records = try Command.run(arguments + ["--output", "-"], input: input).records
        #expect(records.allSatisfy { $0.completion == nil && $0.prompt == nil })
        let lines = records.map { $0.completion_ids.map(String.init).joined(separator: " ") }
        let text = try Command.run(arguments, input: input)
        #expect(text.output == "7 8\n> \(lines[0])\(Self.separator)9\n> \(lines[1])\n")
        let echo = try Command.run(arguments + ["--echo"], input: input)
        #expect(echo.output == "7 8 \(lines[0])\(Self.separator)9 \(lines[1])\n")
    }

    @Test(arguments: [false, true])
    func logprobsHaveAnEntryPerToken(echo: Bool) throws {
        let result = try Command.run(
            model + ["--prompts", "-", "--output", "-", "--logprobs", "2", "--max-gen-len", "4"]
                + (echo ? ["--echo"] : []), input: "{\"prompt_ids\":[7, 8, 9]}")
        let logprobs = try #require(try result.records.first?.logprobs)
        let count = echo ? 7 : 4
        #expect(logprobs.token_logprobs.map { $0 == nil } == (0..<count).map { echo && $0 == 0 })
        #expect(logprobs.top_logprobs.map { $0 == nil } == (0..<count).map { echo && $0 == 0 })
        for top in logprobs.top_logprobs.compactMap(\.self) {
            #expect(top.count == 2)
            #expect(top.allSatisfy { (0..<96).contains(Int($0) ?? -1) && $1 < 0 })
        }
    }

    @Test func theSeedDecides() throws {
        func run(_ seed: String, _ more: [String] = []) throws -> String {
            try Command.run(
                withText + ["--prompt", "a", "--seed", seed, "--temperature", "1.5", "--max-gen-len", "30"]
                    + more
            ).output
        }
        let seeds = ["0", "1", "2", "18446744073709551615"]
        let texts = try seeds.map { try run($0) }
        #expect(Set(texts).count == seeds.count)
        #expect(texts.allSatisfy { $0.count > 6 && $0.hasSuffix("\n") })
        for (seed, text) in zip(seeds, texts) {
            #expect(try run(seed, ["--threads", "2", "--max-batch-size", "1"]) == text, "seed \(seed)")
        }
        // Without --seed it is 0.
        let unseeded = ["--prompt", "a", "--temperature", "1.5", "--max-gen-len", "30"]
        #expect(try Command.run(withText + unseeded).output == texts[0])
    }

    @Test func pathsMayBeRelativeOrOfOneFile() throws {
        let folder = try Fixtures.checkpoint("hf-tied-f32")
        let arguments = ["--tokenizer", try Fixtures.tokenizer("char.model").path, "--prompt", "a"]
        let expected = try Command.run(withText + ["--prompt", "a"])
        #expect(expected.code == 0)
        let parent = folder.deletingLastPathComponent()
        for (path, current) in [
            (folder.path + "/", parent), ("hf-tied-f32", parent), ("hf-tied-f32/", parent), (".", folder),
            ("model.safetensors", folder), ("config.json", folder), ("./model.safetensors", folder),
        ] {
            let result = try Command.run(["--checkpoints", path] + arguments, folder: current)
            #expect(result.output == expected.output, "\(path)")
            #expect(result.error == "")
        }
    }

    @Test func findsTheTokenizerBesideTheWeights() throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
            try FileManager.default.copyItem(
                at: Fixtures.tokenizer("char.model"), to: copy.appending(path: "tokenizer.model"))
            let result = try Command.run(["--checkpoints", "model", "--prompt", "a"], folder: folder)
            #expect(try result.output == Command.run(withText + ["--prompt", "a"]).output)
        }
    }

    @Test func verboseSaysWhatItTook() throws {
        let result = try Command.run(withText + ["--prompt", "a", "--max-gen-len", "5", "--verbose"])
        for words in [
            "model.safetensors: 27808 parameters, F32, dim 32, 2 layers, 4 heads, 2 kv heads, hidden 96, vocabulary 96",
            " kernels, ", "\nload ", ", first token after ", "\nprompt 3 tokens (",
            " tokens/s), generated 5 tokens (",
            "\npeak memory ",
        ] {
            #expect(result.error.contains(words), "\(words)")
        }
        #expect(!result.error.contains("\u{1B}"))
    }

    @Test func aLengthMayBeAsLargeAsANumberIs() throws {
        let result = try Command.run(withText + ["--prompt", "a", "--max-gen-len", "\(Int.max)"])
        // As far as the model's context reaches, unless a stop token comes first.
        #expect(result.code == 0 && result.error == "")
        let record = try #require(
            try Command.run(
                withText + ["--prompt", "a", "--max-gen-len", "\(Int.max)", "--output", "-"]
            ).records.first)
        #expect(record.completion == String(result.output.dropLast()))
        #expect(record.completion_ids.count > 100 || record.finish_reason == "stop")
    }

    @Test(arguments: [
        "model/model.safetensors", "model/tokenizer.model", "model/config.json",
        "model/generation_config.json",
        "prompts.txt", "link",
    ])
    func neverOverwritesItsInput(name: String) throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
            try FileManager.default.copyItem(
                at: Fixtures.tokenizer("char.model"), to: copy.appending(path: "tokenizer.model"))
            try Data("a\n".utf8).write(to: folder.appending(path: "prompts.txt"))
            try Data("{}".utf8).write(to: copy.appending(path: "generation_config.json"))
            try FileManager.default.createSymbolicLink(
                atPath: folder.appending(path: "link").path, withDestinationPath: "model/model.safetensors")
            let target = folder.appending(path: name)
            let before = try Data(contentsOf: target)
            let result = try Command.run(
                ["--checkpoints", "model", "--prompts", "prompts.txt", "--output", name], folder: folder)
            #expect(result.code == 73)
            #expect(
                result.error.hasPrefix("llama-run: error: \(name): cannot be written: this run reads it ("))
            #expect(try Data(contentsOf: target) == before)
        }
    }

    @Test func idsRunWithoutATokenizerThatIsNotSupported() throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
            let json =
                #"{"version": "1.0", "added_tokens": [], "model": {"type": "Unigram", "vocab": []}}"#
            try Data(json.utf8).write(to: copy.appending(path: "tokenizer.json"))
            let ids = try Command.run(
                ["--checkpoints", "model", "--prompts", "-"], input: #"{"prompt_ids": [5, 6]}"#,
                folder: folder)
            #expect(ids.code == 0)
            #expect(ids.error.contains("found Unigram, which is not supported"))
            let text = try Command.run(["--checkpoints", "model", "--prompt", "a"], folder: folder)
            #expect(text.code == 65)
            #expect(
                text.error.contains("tokenizer.json")
                    && text.error.contains("found Unigram, which is not supported"))
        }
    }
}
