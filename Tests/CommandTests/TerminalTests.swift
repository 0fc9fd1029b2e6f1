import Foundation
import LlamaTestSupport
import Testing

/// What people see on a terminal, and what programs get from a pipe.
struct TerminalTests {
    let withText: [String]

    init() throws {
        withText = [
            "--checkpoints", try Fixtures.checkpoint("hf-tied-f32").path,
            "--tokenizer", try Fixtures.tokenizer("char.model").path,
        ]
    }

    private var twoPrompts: [String] {
        withText + ["--prompt", "a", "--prompt", "b", "--max-gen-len", "20"]
    }

    @Test func theBarFitsTheTerminal() throws {
        let terminal = try Terminal.run(twoPrompts, .error, columns: 40)
        let frames = terminal.frames.dropLast()
        #expect(terminal.code == 0)
        #expect(frames.contains { $0.contains("█") && $0.contains(" 2/2 prompts, 40 tokens") })
        #expect(frames.allSatisfy { $0.count < 40 })
    }

    @Test func convertsBarFitsTheTerminal() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("hf-tied-f32").path
            let terminal = try Terminal.run(
                [source, "out.gguf", "--to", "gguf", "--verify"], program: "llama-convert", .error,
                columns: 60, folder: folder)
            #expect(terminal.code == 0)
            for what in ["writing", "reading back"] {
                let frames = terminal.frames.filter { $0.hasPrefix(what) }
                #expect(!frames.isEmpty)
                #expect(frames.allSatisfy { $0.count < 60 && $0.contains(" bytes of 11") }, "\(frames)")
            }
        }
    }

    @Test func trainsStatusFitsTheTerminal() throws {
        try withTemporaryFolder { folder in
            try Data(String(repeating: "To be, or not to be.\n", count: 60).utf8)
                .write(to: folder.appending(path: "text.txt"))
            let terminal = try Terminal.run(
                ["--data", "text.txt", "--output", "out", "--steps", "3"] + TrainTests.small,
                program: "llama-train", .error, columns: 30, folder: folder)
            #expect(terminal.code == 0)
            let frames = terminal.frames.filter { $0.hasPrefix("step 1/3  loss ") }
            #expect(!frames.isEmpty && frames.allSatisfy { $0.count == 29 && $0.hasSuffix("…") }, "\(frames)")
        }
    }

    /// A terminal that cannot move its cursor, or does not say that it can.
    @Test(arguments: ["dumb", ""])
    func aDumbTerminalGetsLines(type: String) throws {
        let terminal = try Terminal.run(twoPrompts, .error, environment: ["TERM": type])
        #expect(terminal.code == 0)
        let first = try #require(terminal.shown.split(separator: "\n").first)
        #expect(first.hasPrefix("0/2 prompts, ") && first.contains(" tokens"))
        #expect(!terminal.shown.contains { "\u{1B}\r█░".contains($0) })
    }

    @Test(arguments: [[:], ["NO_COLOR": "1"]])
    func nothingIsColored(environment: [String: String]) throws {
        let terminal = try Terminal.run(twoPrompts, .error, environment: environment)
        #expect(terminal.frames.count > 1)
        #expect(!terminal.frames.joined().contains("\u{1B}"))
    }

    static let obeyed = "a\u{1B}[31m\u{9B}2J\u{7F}\rb\tc\nd"

    @Test func aTerminalDoesNotObeyTheText() throws {
        let arguments = withText + ["--prompt", Self.obeyed, "--echo", "--max-gen-len", "0"]
        let shown = try Terminal.run(arguments, .output).shown
        // The terminal itself may expand the tab.
        let visible = #"a\u{1B}[31m\u{009B}2J\u{7F}\rb"#
        #expect(shown.hasPrefix(visible) && shown.hasSuffix("c\nd\n"), "\(shown)")
        #expect(
            try Terminal.run(arguments + ["--raw"], .output).shown.hasPrefix("a\u{1B}[31m\u{9B}2J\u{7F}\rb"))
        #expect(try Command.run(arguments).output == Self.obeyed + "\n")
    }

    @Test func aTerminalDoesNotObeyRecords() throws {
        let arguments = withText + ["--prompt", Self.obeyed, "--output", "-", "--max-gen-len", "0"]
        let terminal = try Terminal.run(arguments, .output)
        let json = #""a\u001b[31m\u009B2J\u007F\rb\tc\nd""#
        #expect(terminal.shown.contains(#""prompt":"# + json), "\(terminal.shown)")
        #expect(try Record.lines(Data(terminal.shown.utf8)).first?.prompt == Self.obeyed)
        #expect(try Command.run(arguments).output.contains("\u{9B}2J\u{7F}"))
    }

    @Test func aTerminalDoesNotObeyTheNamesOfOutputs() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("hf-tied-f32").path
            let name = "\u{1B}[31m.gguf"
            let result = try Command.run(
                [source, name, "--to", "gguf"], folder: folder, program: "llama-convert")
            #expect(result.code == 0)
            #expect(result.error.hasSuffix(#"\u{1B}[31m.gguf: 20 tensors, 115,168 bytes, written"# + "\n"))
            #expect(!result.error.contains("\u{1B}"))
        }
    }

    @Test(arguments: [["inspect", "PATH", "--json"], ["diff", "PATH", "PATH", "--json"]])
    func jsonIsIndentedForPeople(arguments: [String]) throws {
        let path = try Fixtures.checkpoint("hf-tied-f32").path
        let arguments = arguments.map { $0 == "PATH" ? path : $0 }
        let shown = try Terminal.run(arguments, program: "llama-convert", .output).shown
        let piped = try Command.run(arguments, program: "llama-convert").output
        #expect(shown.hasPrefix("{\n  \"") && shown.contains("\n    \"") && shown.hasSuffix("\n}\n"))
        #expect(piped.split(separator: "\n").count == 1)
        let values = try [shown, piped].map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? NSDictionary
        }
        #expect(values[0] != nil && values[0] == values[1])
    }
}
