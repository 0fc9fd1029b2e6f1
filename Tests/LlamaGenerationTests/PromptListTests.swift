import LlamaTokenizers
import Testing

@testable import LlamaGeneration

struct PromptListTests {
    @Test(arguments: [
        ("a.txt", "one\ntwo", ["one", "two"]),
        ("a.txt", "one\r\n\r\ntwo\r\n", ["one", "two"]),
        ("a.txt", "\u{FEFF}one\n \t \n  two \n", ["one", "  two "]),
        ("a.txt", "{\"prompt\": 1}\n[", ["{\"prompt\": 1}", "["]),
        ("a.txt", "नमस्ते 🦙\u{2028}x\n", ["नमस्ते 🦙\u{2028}x"]),
        ("a.txt", "nul\u{0}\rx", ["nul\u{0}\rx"]),
        ("a.json", " [\"one\", \"\\u00e9\\ud83e\\udd99\", \"\"]\n", ["one", "é🦙", ""]),
        ("a.json", "\u{FEFF}[\"one\"]", ["one"]),
        ("A.JSON", "[\"one\"]", ["one"]),
        ("a.jsonl", "{\"prompt\": \"one\"}\r\n\n{\"prompt\":\"two\\n\", \"id\": 3}", ["one", "two\n"]),
        ("a.jsonl", "\u{FEFF}{\"prompt\": \"\"}", [""]),
        ("standard input", "[INST] Hello [/INST]\n", ["[INST] Hello [/INST]"]),
        ("standard input", "{name}, hello\n", ["{name}, hello"]),
        ("standard input", "[ \"one\" ]", ["one"]),
        ("standard input", "{ \"prompt\": \"one\"}\n", ["one"]),
        ("standard input", "plain\n", ["plain"]),
        ("prompts", "\u{FEFF}[\n\"one\"]", ["one"]),
    ])
    func readsTexts(name: String, content: String, expected: [String]) throws {
        // Compared as scalars: == takes texts for equal that are not the same.
        let contents = try parse(content, name).map(\.content)
        let texts = contents.compactMap { content in
            if case .text(let text) = content { text.unicodeScalars.map(\.value) } else { nil }
        }
        #expect(texts == expected.map { $0.unicodeScalars.map(\.value) })
        #expect(texts.count == contents.count)
    }

    @Test func readsIDsAsTheyAre() throws {
        let prompts = try parse(
            "{\"prompt_ids\":[0, 2147483647]}\n{\"prompt\":\"x\",\"prompt_ids\":[3]}\n", "a.jsonl")
        #expect(prompts.map(\.content) == [.ids([0, .max]), .ids([3])])
        #expect(prompts.map(\.hasText) == [false, false])
    }

    @Test func readsMessagesAndInstructions() throws {
        let lines = """
            {"messages": [{"role": "system", "content": "s"}, {"content": "<s>", "role": "user"}], "top_k": 3}
            {"messages": []}
            {"instruction": "i", "input": "x", "id": 1}
            {"instruction": "i"}
            """
        let entries = try parse(lines, "a.jsonl")
        #expect(
            entries.map(\.content) == [
                .messages([ChatMessage(.system, "s"), ChatMessage(.user, "<s>")]), .messages([]),
                .instruction("i", input: "x"), .instruction("i", input: nil),
            ])
        #expect(entries.map(\.settings.topK) == [3, nil, nil, nil])
        #expect(entries.map(\.hasText) == [true, true, true, true])
    }

    @Test(arguments: [
        (#"{"messages": {}}"#, "messages: expected an array, found {}"),
        (#"{"messages": ["x"]}"#, #"messages[0]: expected an object, found "x""#),
        (#"{"messages": [{"content": "x"}]}"#, #"messages[0]: expected a key "role", found none"#),
        (#"{"messages": [{"role": "user"}]}"#, #"messages[0]: expected a key "content", found none"#),
        (
            #"{"messages": [{"role": "user", "content": []}]}"#,
            "messages[0].content: expected a string, found []"
        ),
        (
            #"{"messages": [{"role": "user", "content": "x"}, {"role": "tool", "content": "x"}]}"#,
            #"messages[1].role: expected system, user or assistant (tool calls are not supported), found "tool""#
        ),
        (
            #"{"messages": [{"role": "user", "content": "x", "name": "y"}]}"#,
            #"messages[0].name: expected only role and content, found "y""#
        ),
        (#"{"messages": [], "prompt": "x"}"#, "prompt: expected messages or prompt, found both"),
        (#"{"messages": [], "prompt_ids": [1]}"#, "prompt_ids: expected messages or prompt_ids, found both"),
        (#"{"instruction": "x", "prompt": "x"}"#, "prompt: expected instruction or prompt, found both"),
        (#"{"prompt": "x", "input": "x"}"#, "input: expected an instruction with it, found none"),
        (#"{"instruction": 1}"#, "instruction: expected a string, found 1"),
    ])
    func refusesMessagesWithPlaceExpectedAndFound(line: String, message: String) {
        let error = #expect(throws: GenerationError.self) { try parse("\n" + line, "a.jsonl") }
        #expect(error?.description == "a.jsonl: line 2: " + message)
    }

    @Test(arguments: [
        ("a.txt", "\n\none\n", "a.txt: line 3"),
        ("dir/a.json", "[\"one\"]", "dir/a.json: [0]"),
        ("a.jsonl", "\n{\"prompt\":\"one\"}", "a.jsonl: line 2"),
    ])
    func saysWhereAPromptStands(name: String, content: String, source: String) throws {
        #expect(try parse(content, name).map(\.source) == [source])
    }

    @Test(arguments: [
        ("a.txt", "", "a.txt: expected at least one prompt, found none"),
        ("a.txt", " \n\r\n\n", "a.txt: expected at least one prompt, found none"),
        ("a.txt", "\u{FEFF}", "a.txt: expected at least one prompt, found none"),
        ("standard input", "", "standard input: expected at least one prompt, found none"),
        ("a.json", "[]", "a.json: expected at least one prompt, found none"),
        ("a.jsonl", "\n", "a.jsonl: expected at least one prompt, found none"),
        ("a.json", "[\"one\", 2]", "a.json: [1]: expected a string, found 2"),
        ("a.json", "{\"prompt\": \"one\"}", "a.json: expected an array, found {\"prompt\":\"one\"}"),
        ("a.json", "[\"one\", null]", "a.json: [1]: expected a string, found null"),
        ("a.jsonl", "{\"prompt\":\"a\"}\n[1]", "a.jsonl: line 2: expected an object, found [1]"),
        ("a.jsonl", "{\"text\":\"a\"}", "a.jsonl: line 1: expected a key \"prompt\", found none"),
        ("a.jsonl", "{\"prompt\":7}", "a.jsonl: line 1: prompt: expected a string, found 7"),
        ("a.jsonl", "{\"prompt_ids\":7}", "a.jsonl: line 1: prompt_ids: expected an array, found 7"),
        (
            "a.jsonl", "{\"prompt_ids\":[1,-1]}",
            "a.jsonl: line 1: prompt_ids[1]: expected a token id, found -1"
        ),
        (
            "a.jsonl", "{\"prompt_ids\":[2147483648]}",
            "a.jsonl: line 1: prompt_ids[0]: expected a token id, found 2147483648"
        ),
        (
            "a.jsonl", "{\"prompt_ids\":[1.5]}",
            "a.jsonl: line 1: prompt_ids[0]: expected a whole number, found 1.5"
        ),
        (
            "a.jsonl", "{\"prompt_ids\":[\"1\"]}",
            "a.jsonl: line 1: prompt_ids[0]: expected a whole number, found \"1\""
        ),
    ])
    func refusesWithPlaceExpectedAndFound(name: String, content: String, message: String) {
        let error = #expect(throws: GenerationError.self) { try parse(content, name) }
        #expect(error?.description == message)
    }

    @Test(arguments: ["a.json", "a.jsonl"], ["{", "[\"one\"", "\"", "{\"prompt\": \"a\"} x", "nonsense"])
    func refusesWhatIsNoJSON(name: String, content: String) {
        let error = #expect(throws: GenerationError.self) { try parse(content, name) }
        #expect(error?.description.contains("expected") == true)
        #expect(error?.description.hasPrefix(name) == true)
    }

    @Test(arguments: ["a.txt", "a.json", "a.jsonl"])
    func refusesInvalidUTF8(name: String) {
        let prefix = ["a.txt": "", "a.json": "[\"", "a.jsonl": "{\"prompt\":\""][name] ?? ""
        let suffix = ["a.txt": "", "a.json": "\"]", "a.jsonl": "\"}"][name] ?? ""
        let bytes = Array(prefix.utf8) + [0x61, 0xFF, 0x62] + Array(suffix.utf8)
        let error = #expect(throws: GenerationError.self) {
            try bytes.withUnsafeBytes { try PromptList.parse($0, name: name) }
        }
        #expect(error?.description.hasPrefix(name) == true)
        if name == "a.txt" {
            #expect(error?.description == "a.txt: line 1: expected UTF-8, found other bytes")
        }
    }

    @Test func readsALongListInNoTime() throws {
        let content = String(repeating: "a prompt\n", count: 20_000)
        #expect(try parse(content, "a.txt").count == 20_000)
    }

    private func parse(_ content: String, _ name: String) throws -> [PromptList.Entry] {
        try Array(content.utf8).withUnsafeBytes { try PromptList.parse($0, name: name) }
    }
}
