import Foundation
import LlamaTestSupport
import Testing

/// What the options of generation change, as flags and in prompt lines, and what is shown of it.
struct GenerationFlagsTests {
    /// A line of `--output`, with one completion or several.
    private struct Line: Decodable, Equatable {
        struct Choice: Decodable, Equatable {
            let completion: String
            let completion_ids: [Int]
            let finish_reason: String
            let score: Float?
        }

        let index: Int
        let completion: String?
        let completion_ids: [Int]?
        let finish_reason: String?
        let score: Float?
        let choices: [Choice]?
    }

    let model: [String]

    init() throws {
        model = [
            "--checkpoints", try Fixtures.checkpoint("hf-tied-f32").path,
            "--tokenizer", try Fixtures.tokenizer("char.model").path, "--max-gen-len", "12",
        ]
    }

    private func lines(_ arguments: [String], input: String = "") throws -> [Line] {
        let result = try Command.run(model + arguments + ["--output", "-"], input: input)
        #expect(result.code == 0 && result.error == "", "\(result.error)")
        return try result.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    private func line(_ arguments: [String]) throws -> Line {
        try #require(try lines(["--prompt", "The engine"] + arguments).first)
    }

    /// The flags, and the members of a prompt line that say the same.
    @Test(arguments: [
        (["--temperature", "1.5", "--seed", "3"], #""temperature": 1.5, "seed": 3"#),
        (["--temperature", "2", "--top-k", "2"], #""temperature": 2, "top_k": 2"#),
        (["--temperature", "2", "--top-p", "0.1"], #""temperature": 2, "top_p": 0.1"#),
        (["--temperature", "2", "--min-p", "0.9"], #""temperature": 2, "min_p": 0.9"#),
        (["--temperature", "2", "--typical-p", "0.1"], #""temperature": 2, "typical_p": 0.1"#),
        (["--repetition-penalty", "5"], #""repetition_penalty": 5"#),
        (["--frequency-penalty", "2"], #""frequency_penalty": 2"#),
        (["--presence-penalty", "2"], #""presence_penalty": 2"#),
        (["--logit-bias", "9=100"], #""logit_bias": {"9": 100}"#),
        (["--n", "2"], #""n": 2"#), (["--n", "2", "--best-of", "4"], #""n": 2, "best_of": 4"#),
        (["--beams", "3", "--n", "2"], #""beams": 3, "n": 2"#),
        (["--beams", "3", "--length-penalty", "-9"], #""beams": 3, "length_penalty": -9"#),
        (["--beams", "3", "--early-stopping", "true"], #""beams": 3, "early_stopping": true"#),
        (["--max-gen-len", "3"], #""max_tokens": 3"#), (["--max-gen-len", "3"], #""max_gen_len": 3"#),
    ])
    func aLineOfPromptsMeansWhatTheFlagsMean(flags: [String], members: String) throws {
        let byFlags = try line(flags)
        let byLine = try lines(["--prompts", "-"], input: #"{"prompt": "The engine", "# + members + "}")
        #expect(byLine == [byFlags])
        if !flags.contains("--early-stopping") { #expect(try byFlags != line([]), "it changes something") }
    }

    @Test func aLineOfPromptsWinsOverFlags() throws {
        let input = #"{"prompt": "a", "logit_bias": {"8": 100}}"# + "\n" + #"{"prompt": "a"}"#
        let lines = try lines(
            ["--prompts", "-", "--logit-bias", "9=100", "--max-gen-len", "2"], input: input)
        #expect(lines.map(\.completion_ids) == [[8, 8], [9, 9]])
    }

    @Test func stopsWhereItIsTold() throws {
        let text = try #require(line(["--temperature", "0"]).completion)
        let letters = Array(text)
        // Of letters that do not occur earlier, the last.
        let index = try #require(letters.indices.dropFirst().last { !letters[..<$0].contains(letters[$0]) })
        let expected = String(letters[..<index])
        for arguments in [
            ["--stop", String(letters[index])], ["--stop", "@@", "--stop", String(letters[index])],
        ] {
            let stopped = try line(["--temperature", "0"] + arguments)
            #expect(stopped.completion == expected && stopped.finish_reason == "stop")
            let shown = try Command.run(model + ["--prompt", "The engine", "--temperature", "0"] + arguments)
            #expect(shown.output == expected + "\n")
        }
        let ids = try #require(line(["--temperature", "0"]).completion_ids)
        let stopped = try line(["--temperature", "0", "--stop-token-id", "\(ids[0])"])
        #expect(stopped.completion_ids == [] && stopped.finish_reason == "stop")
    }

    @Test func goesOnWhereItIsTold() throws {
        // Token 2 ends a text.
        let end = ["--logit-bias", "2=100", "--max-gen-len", "4"]
        #expect(try line(end).completion_ids == [])
        #expect(try line(end + ["--ignore-eos"]).completion_ids == [2, 2, 2, 2])
        #expect(try line(end + ["--min-gen-len", "3"]).completion_ids?.count == 3)
        let stopped = end + ["--ignore-eos", "--stop-token-id", "2"]
        #expect(try line(stopped).completion_ids == [])
    }

    @Test func badWordsDoNotOccur() throws {
        let arguments = ["--temperature", "0", "--max-gen-len", "30"]
        let text = try #require(line(arguments).completion)
        let word = String(text.prefix(1))
        let other = try #require(line(arguments + ["--bad-words", word]).completion)
        #expect(!other.contains(word))
        let input =
            #"{"prompt": "The engine", "bad_words": [[7], [8, 9]], "logit_bias": {"7": 90, "8": 50, "9": 60}}"#
        let ids = try #require(lines(["--prompts", "-"], input: input).first?.completion_ids)
        #expect(ids == Array(repeating: 9, count: 12))
    }

    @Test func severalCompletionsAreToldApart() throws {
        let arguments = ["--n", "3", "--temperature", "1.5"]
        let choices = try #require(line(arguments).choices)
        #expect(choices.count == 3 && Set(choices.map(\.completion)).count == 3)
        #expect(choices.allSatisfy { $0.score == nil })
        let blocks = choices.enumerated().map { "[\($0 + 1) of 3]\n> \($1.completion)\n" }
        let alone = try Command.run(model + ["--prompt", "The engine"] + arguments)
        #expect(alone.output == blocks.joined())
        // One at a time, in the same order.
        let narrow = try Command.run(
            model + ["--prompt", "The engine", "--max-batch-size", "1"] + arguments)
        #expect(narrow.output == alone.output)
        let two = try Command.run(model + ["--prompt", "The engine", "--prompt", "b"] + arguments)
        #expect(
            two.output.hasPrefix(
                "The engine\n" + blocks.joined() + "==================================\nb\n[1 of 3]\n> "))
        let echo = try Command.run(model + ["--prompt", "The engine", "--echo"] + arguments)
        #expect(echo.output == alone.output.replacing("> ", with: "The engine"))
    }

    @Test func beamsShowTheirScore() throws {
        let found = try #require(line(["--beams", "3", "--n", "2"]).choices)
        let scores = try found.map { try #require($0.score) }
        #expect(scores.count == 2 && scores[0] >= scores[1])
        let shown = try Command.run(model + ["--prompt", "The engine", "--beams", "3", "--n", "2"])
        let heads = shown.lines.filter { $0.hasPrefix("[") }
        #expect(heads.count == 2)
        for (index, head) in heads.enumerated() {
            let match = try #require(head.wholeMatch(of: /\[(\d) of 2, score (-[0-9.e-]+)\]/))
            #expect(match.1 == "\(index + 1)")
            #expect(abs(try #require(Float(match.2)) - scores[index]) < 0.01 * abs(scores[index]))
        }
        for choice in found { #expect(shown.output.contains("]\n> \(choice.completion)\n")) }
        let single = try Command.run(model + ["--prompt", "The engine", "--beams", "3"])
        #expect(single.output.hasPrefix("[1 of 1, score -"))
        // Without a tokenizer, the ids are shown.
        let checkpoint = try Fixtures.checkpoint("hf-tied-f32").path
        let ids = try Command.run(
            ["--checkpoints", checkpoint, "--prompts", "-", "--beams", "2", "--max-gen-len", "3"],
            input: #"{"prompt_ids": [7]}"#)
        #expect(ids.output.wholeMatch(of: /\[1 of 1, score -[0-9.e-]+\]\n> \d+ \d+ \d+\n/) != nil)
    }

    @Test func speculationAndLittleMemoryChangeNothing() throws {
        let prompts = (0..<6).map {
            #"{"prompt": "The engine the engine the engine \#($0)", "temperature": \#($0)}"#
        }
        .joined(separator: "\n")
        let length = ["--prompts", "-", "--max-gen-len", "40"]
        let expected = try lines(length, input: prompts)
        let draft = try Fixtures.checkpoint("hf-biased-bf16").path
        for more in [
            ["--speculate", "lookup"], ["--speculate", "lookup", "--draft-tokens", "2"], ["--draft", draft],
            ["--kv-memory", "64KiB"], ["--kv-memory", "64KiB", "--speculate", "lookup", "--threads", "1"],
        ] {
            #expect(try lines(length + more, input: prompts) == expected, "\(more)")
        }
    }

    @Test func refusesByTheModelWithTheNameOfTheFlag() throws {
        for (flags, message) in [
            (["--logit-bias", "96=1"], "--logit-bias: expected token ids from 0 to 95, found 96"),
            (["--stop-token-id", "96"], "--stop-token-id: expected token ids from 0 to 95, found 96"),
            (["--bad-words", ""], "--bad-words: expected text, found none in entry 0"),
            (["--kv-memory", "1KB"], "--kv-memory: expected at least "),
        ] {
            let result = try Command.run(model + ["--prompt", "a"] + flags)
            #expect(result.code == 64 && result.output == "")
            #expect(result.error.hasPrefix("llama-run: error: \(message)"), "\(result.error)")
        }
    }

    @Test(arguments: [
        (
            #"{"prompt": "a", "top_kk": 3}"#,
            "top_kk: expected a known key (did you mean top_k?), found an unknown one"
        ),
        (#"{"prompt": "a", "top_k": -3}"#, "top_k: expected 0 (off) or more, found -3"),
        (#"{"prompt": "a", "temperature": 1e99}"#, "temperature: expected a number from 0 on, found inf"),
        (#"{"prompt": "a", "logprobs": 3}"#, "logprobs: expected a file for them, found no --output"),
        (
            #"{"prompt": "a", "stop": "very long", "max_tokens": 1}"#,
            "stop: expected at most 5 bytes, as no completion is longer, found 9"
        ),
        (#"{"prompt": "a", "beams": 9}"#, "beams: expected at most 8, found 9; raise --max-batch-size"),
    ])
    func refusesALineByItsNumberAndKey(line: String, message: String) throws {
        let result = try Command.run(
            model + ["--prompts", "-"], input: #"{"prompt": "a"}"# + "\n\n" + line)
        #expect(result.code == 65 && result.output == "")
        #expect(result.error == "llama-run: error: standard input: line 3: \(message)\n")
    }

    @Test func generationConfigIsTheDefault() throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
            let config = copy.appending(path: "generation_config.json")
            try Data(#"{"do_sample": false, "top_p": 3, "top_k": 5, "max_new_tokens": 2}"#.utf8).write(
                to: config)
            let arguments = ["--checkpoints", copy.path] + model[2...] + ["--prompt", "The engine"]
            let result = try Command.run(arguments)
            let greedy = try Command.run(model + ["--prompt", "The engine", "--temperature", "0"])
            #expect(result.output == greedy.output)
            let notice = "top_p: expected above 0, at most 1, found 3.0; the default, 0.9, is used"
            #expect(result.error == "llama-run: notice: \(config.path): \(notice)\n")
            let hot = ["--temperature", "2", "--top-k", "0", "--quiet"]
            #expect(
                try Command.run(arguments + hot).output
                    == Command.run(model + ["--prompt", "The engine"] + hot).output)
            let verbose = try Command.run(arguments + ["--verbose", "--n", "1", "--top-p", "0.5"])
            let options =
                "options: --top-p 0.5, --max-gen-len 12, --n 1 by flags; temperature 0.0, top_k 5 by generation_config.json; seed 0 by default\n"
            #expect(verbose.error.contains("llama-run: info: \(options)"), "\(verbose.error)")
            #expect(
                verbose.error.contains("llama-run: debug: \(config.path): not used: max_new_tokens\n"))
        }
    }
}
