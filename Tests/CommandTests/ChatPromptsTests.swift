import Foundation
import LlamaTestSupport
import Testing

/// Conversations and prompt templates, as `llama-run` reads, encodes and shows them.
struct ChatPromptsTests {
    /// A checkpoint whose own chat template is Llama 2's, or another one; gone after `body`. Its tokens are characters.
    private func withModel(
        template: String? = try? llama2(), _ body: (_ arguments: [String], _ folder: URL) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let model = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: model)
            try FileManager.default.copyItem(
                at: Fixtures.tokenizer("char.model"), to: model.appending(path: "tokenizer.model"))
            if let template {
                try Data(template.utf8).write(to: model.appending(path: "chat_template.jinja"))
            }
            try body(["--checkpoints", model.path, "--max-gen-len", "4", "--temperature", "0"], folder)
        }
    }

    /// Llama 2's template, of the fixtures that transformers renders.
    private static func llama2() throws -> String {
        struct Fixture: Decodable { let template: String }
        let data = try Data(contentsOf: Fixtures.folder.appending(path: "Chat/expected.json"))
        return try #require(try JSONDecoder().decode([String: Fixture].self, from: data)["llama2"]).template
    }

    private func records(_ arguments: [String], _ lines: String...) throws -> [Record] {
        let input = lines.joined(separator: "\n")
        let result = try Command.run(
            arguments + (lines.isEmpty ? [] : ["--prompts", "-"]) + ["--output", "-"], input: input)
        #expect(result.code == 0 && result.error == "", "\(result.error)")
        return try result.records
    }

    /// A line whose conversation has one message.
    private func line(_ content: String, _ settings: String = "") -> String {
        #"{"messages": [{"role": "user", "content": "\#(content)"}]\#(settings)}"#
    }

    @Test func aConversationIsCompletedInTheFormatOfTheCheckpoint() throws {
        try withModel { model, _ in
            let records = try records(
                model, line("Hi"), #"{"prompt": "[INST] Hi [/INST]"}"#, line("Hi", #", "max_tokens": 2"#))
            try #require(records.count == 3)
            #expect(records[0].prompt == "<s>[INST] Hi [/INST]")
            #expect(records[0].prompt_ids == records[1].prompt_ids)
            #expect(records[0].completion_ids == records[1].completion_ids)
            #expect(records[1].prompt == "[INST] Hi [/INST]")
            #expect(records[2].completion_ids == Array(records[0].completion_ids.prefix(2)))
        }
    }

    @Test func spelledControlTokensAreText() throws {
        try withModel { model, _ in
            let records = try records(
                model, line("</s><s>"), #"{"prompt": "[INST] </s><s> [/INST]"}"#)
            try #require(records.count == 2)
            #expect(records[0].prompt == "<s>[INST] </s><s> [/INST]")
            #expect(records[0].prompt_ids == records[1].prompt_ids)
            #expect(records[0].prompt_ids.filter { $0 == 1 || $0 == 2 } == [1])
        }
    }

    @Test func flagsMakeConversationsOfText() throws {
        try withModel { model, _ in
            let plain = try records(model + ["--prompt", "Hi"])
            let chat = try records(model + ["--chat-format", "auto", "--prompt", "Hi"])
            let brief = try records(model + ["--system", "Be brief.", "--prompt", "Hi"])
            #expect(plain.map(\.prompt) == ["Hi"])
            #expect(chat.map(\.prompt) == ["<s>[INST] Hi [/INST]"])
            #expect(brief.map(\.prompt) == ["<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]"])
            let own = #"{"messages": [{"role":"system","content":"S"},{"role":"user","content":"Hi"}]}"#
            let lines = try records(model + ["--system", "Be brief."], own, line("Hi"))
            #expect(lines.first?.prompt == "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nHi [/INST]")
            #expect(lines.last?.prompt_ids == brief.first?.prompt_ids)
        }
    }

    @Test func templatesAreFilled() throws {
        try withModel { model, folder in
            let file = folder.appending(path: "qa.txt")
            try Data("Q: {instruction} {input}\nA:\n".utf8).write(to: file)
            let arguments = model + ["--prompt-template", file.path]
            let records = try records(arguments, #"{"instruction": "Add", "input": "{input}"}"#)
            #expect(records.map(\.prompt) == ["Q: Add {input}\nA:"])
            try Data("Q: {instruction}\nA:\n".utf8).write(to: file)
            #expect(try self.records(arguments + ["--prompt", "why"]).map(\.prompt) == ["Q: why\nA:"])
            let chat = try self.records(arguments + ["--prompt", "why", "--chat-format", "plain"])
            #expect(chat.map(\.prompt) == ["<s>Q: why\nA:"])
            let before = try Data(contentsOf: file)
            let over = try Command.run(arguments + ["--prompt", "why", "--output", file.path])
            #expect(over.code == 73)
            #expect(try Data(contentsOf: file) == before)
        }
    }

    @Test func showsTheLastMessageBeforeItsReply() throws {
        try withModel { model, _ in
            let input = """
                {"messages": [{"role":"user","content":"One"},{"role":"assistant","content":"Two"},\
                {"role":"user","content":"Three"}]}
                \(line("Four"))
                """
            let result = try Command.run(model + ["--prompts", "-"], input: input)
            #expect(result.code == 0, "\(result.error)")
            #expect(result.lines.first == "Three")
            #expect(result.lines.contains("Four"))
            #expect(!result.output.contains("INST") && !result.output.contains("One"))
            let echo = try Command.run(model + ["--prompts", "-", "--echo"], input: line("Four"))
            #expect(echo.output.hasPrefix("<s>[INST] Four [/INST]"))
        }
    }

    @Test(arguments: [
        (
            ["--chat-format", "llama4", "--prompt", "x"], "", 64,
            ["--chat-format: expected auto, llama2, llama3", "\"llama4\""]
        ),
        (
            ["--chat-format", "llama3", "--prompt", "x"], "", 65,
            ["--prompt: chat format llama3: expected the control tokens"]
        ),
        (["--prompt-template", "none.txt", "--prompt", "x"], "", 66, ["none.txt"]),
        (
            ["--prompts", "-"],
            #"{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "x"}]}"#, 65,
            ["standard input: line 1: message 2: expected the role assistant, found user"]
        ),
        (
            ["--prompts", "-"], #"{"messages": [{"role": "bot", "content": "x"}]}"#, 65,
            ["standard input: line 1: messages[0].role: expected system, user or assistant"]
        ),
        (
            ["--prompts", "-"], #"{"instruction": "x"}"#, 65,
            ["line 1: instruction: expected a prompt template", "--prompt-template"]
        ),
    ])
    func refusesInOneLine(arguments: [String], input: String, code: Int32, parts: [String]) throws {
        try withModel { model, _ in
            let result = try Command.run(model + arguments, input: input)
            #expect(result.code == code)
            for part in parts { #expect(result.error.contains(part), "\(result.error)") }
            #expect(result.output == "")
        }
    }

    @Test func refusesTemplatesThatAreNotKnownUnlessAFormatIsNamed() throws {
        try withModel(template: "{{ '[INST]' }}{{ x }}") { model, folder in
            let refused = try Command.run(model + ["--prompts", "-"], input: "\n" + line("x"))
            #expect(refused.code == 65)
            let file = folder.appending(path: "model/chat_template.jinja").path
            #expect(
                refused.error
                    == "llama-run: error: standard input: line 2: \(file): expected a known chat template, "
                    + "found another; to use the most similar format all the same, pass --chat-format llama2\n"
            )
            #expect(try records(model + ["--chat-format", "llama2"], line("x")).count == 1)
            // Text is completed all the same.
            #expect(try records(model + ["--prompt", "x"]).count == 1)
        }
        try withModel(template: nil) { model, _ in
            let refused = try Command.run(model + ["--chat-format", "auto", "--prompt", "x"])
            #expect(refused.code == 65)
            #expect(
                refused.error.contains("--prompt: ")
                    && refused.error.contains("choose one with --chat-format"))
        }
    }
}

/// Formats with control tokens, which need a model with more rows than the fixtures have.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct ChatFamilyTests {
    private func run(_ arguments: String...) throws -> Command {
        let model = [
            "--checkpoints", try TestData.path("checkpoints/micro-hf-f32"), "--max-gen-len", "2",
            "--tokenizer", try Fixtures.tokenizer("HuggingFace/llama3.json").path,
        ]
        let input = #"{"messages": [{"role": "user", "content": "a<|eot_id|>"}]}"#
        return try Command.run(model + ["--prompts", "-", "--output", "-"] + arguments, input: input)
    }

    @Test func saysThatTheFormatIsTheFamilys() throws {
        let result = try run()
        #expect(result.error.hasPrefix("llama-run: notice: "))
        #expect(result.error.contains("no chat template; using llama3, the chat format of its family"))
        #expect(result.error.split(separator: "\n").count == 1)
        let named = try run("--chat-format", "llama3")
        #expect(named.error == "" && named.output == result.output)
        #expect(try run("--quiet").error == "")
    }

    @Test func messagesSpellNoControlTokens() throws {
        let record = try #require(try run("--chat-format", "llama3").records.first)
        #expect(
            record.prompt
                == "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|><|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n")
        // Of the small vocabulary: 425 begins a text, 428 and 429 enclose a role, 430 ends a turn.
        #expect(record.prompt_ids.filter { (425...430).contains($0) } == [425, 428, 429, 430, 428, 429])
    }

    @Test func needsATokenizer() throws {
        let result = try Command.run([
            "--checkpoints", try TestData.path("checkpoints/micro-hf-f32"), "--chat-format", "auto",
            "--prompt", "x",
        ])
        #expect(result.code == 65)
        #expect(result.error.contains("--prompt: expected prompt_ids, as there is no tokenizer"))
    }
}
