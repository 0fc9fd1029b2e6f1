import LlamaFiles
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Prompt templates with gaps for an instruction and an input.
@Suite struct PromptTemplateTests {
    @Test func hasBothOfAlpacasPrompts() throws {
        let without = try PromptTemplate.alpaca.prompt(instruction: "Name three tides.")
        #expect(
            without
                == "Below is an instruction that describes a task. Write a response that appropriately completes the "
                + "request.\n\n### Instruction:\nName three tides.\n\n### Response:")
        #expect(try PromptTemplate.alpaca.prompt(instruction: "Name three tides.", input: "") == without)
        #expect(
            try PromptTemplate.alpaca.prompt(instruction: "Translate.", input: "été")
                == "Below is an instruction that describes a task, paired with an input that provides further context. "
                + "Write a response that appropriately completes the request.\n\n### Instruction:\nTranslate.\n\n"
                + "### Input:\nété\n\n### Response:")
    }

    static let texts: [(String, String)] = [
        ("Q: {instruction}\nA:", "Q: {input}\nA:"),
        ("Q: {instruction}\nA:\n", "Q: {input}\nA:"),
        ("Q: {instruction}\nA:\n\n", "Q: {input}\nA:\n"),
        ("{instruction}{instruction}", "{input}{input}"),
        ("x {\"a\": {}} { x } {{ {1} {instruction}", "x {\"a\": {}} { x } {{ {1} {input}"),
        ("{{instruction}} {{other}} {instruction}", "{instruction} {other} {input}"),
        ("{instruction}\u{301} {", "{input}\u{301} {"),
    ]

    /// A text in a gap is not read as a template.
    @Test(arguments: texts)
    func fillsTheGaps(_ text: String, _ prompt: String) throws {
        let found = try PromptTemplate(text, file: "t.txt").prompt(instruction: "{input}")
        #expect(Array(found.utf8) == Array(prompt.utf8))
    }

    @Test func needsAnInputWhereThereIsAGapForIt() throws {
        let template = try PromptTemplate("{instruction}: {input}", file: "t.txt")
        #expect(try template.prompt(instruction: "a", input: "b") == "a: b")
        #expect(throws: PromptTemplateError.missingInput(file: "t.txt")) {
            try template.prompt(instruction: "a")
        }
        let other = try PromptTemplate("{instruction}:", file: "t.txt")
        #expect(throws: PromptTemplateError.unexpectedInput(file: "t.txt")) {
            try other.prompt(instruction: "a", input: "b")
        }
    }

    @Test func readsBothPromptsOfAJSONFile() throws {
        let json = """
            { "description": "x", "prompt_input": "I: {instruction}\\nX: {input}\\n", "prompt_no_input": "{instruction}!",
              "response_split": "###" }
            """
        let template = try PromptTemplate(json, file: "t.json")
        #expect(try template.prompt(instruction: "a", input: "b") == "I: a\nX: b\n")
        #expect(try template.prompt(instruction: "a") == "a!")
    }

    static let refusals: [(String, String)] = [
        (
            "{instruction}\n\n{instructions}",
            "t, line 3: expected {instruction} or {input}, found {instructions}; write {{instructions}} for the word in "
                + "braces"
        ),
        (
            "{Input}",
            "t, line 1: expected {instruction} or {input}, found {Input}; write {{Input}} for the word in braces"
        ),
        ("", "t: expected the placeholder {instruction}, found none; add it where the instruction belongs"),
        (
            "{input}",
            "t: expected the placeholder {instruction}, found none; add it where the instruction belongs"
        ),
        (
            #"{"prompt_input": "{instruction} {input}", "prompt_no_input": "{input} {instruction}"}"#,
            "t: prompt_no_input, line 1: expected {instruction}, found {input}; write {{input}} for the word in braces"
        ),
        (
            #"{"prompt_input": "{instruction} {x}", "prompt_no_input": "{instruction}"}"#,
            "t: prompt_input, line 1: expected {instruction} or {input}, found {x}; write {{x}} for the word in braces"
        ),
    ]

    @Test(arguments: refusals)
    func refusesOtherTemplates(_ text: String, _ message: String) {
        let error = #expect(throws: PromptTemplateError.self) { try PromptTemplate(text, file: "t") }
        #expect(error?.description == message)
    }

    @Test func refusesIncompleteJSON() {
        for text in [
            "{\"prompt_input\": \"{instruction}\"}", "{\n", "{\"prompt_input\": 1, \"prompt_no_input\": 2}",
        ] {
            let error = #expect(throws: PromptTemplateError.self) { try PromptTemplate(text, file: "t") }
            guard case .invalidJSON("t", _)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(error?.description.contains("\n") == false)
        }
    }

    @Test func readsAFile() throws {
        try withTemporaryFile(Array("{instruction}\n".utf8)) { path in
            let prompt = try PromptTemplate(path: path).prompt(instruction: "a")
            #expect(prompt == "a")
        }
        try withTemporaryFile([0x7B, 0xFF]) { path in
            _ = #expect(throws: PromptTemplateError.notText(file: path)) { try PromptTemplate(path: path) }
        }
        let error = #expect(throws: PromptTemplateError.self) { try PromptTemplate(path: "/nowhere/at/all") }
        #expect(error?.category == .missingInput)
    }
}
