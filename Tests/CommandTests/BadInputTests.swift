import Foundation
import LlamaTestSupport
import Testing

/// Bad input: an exit code of sysexits.h, one line that says what is wrong, and nothing that was there is lost.
struct BadInputTests {
    @Test(arguments: BadInput.all)
    func isRefusedWithOneLine(input: BadInput) throws {
        try withTemporaryFolder { folder in
            let checkpoint = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint(input.fixture), to: checkpoint)
            let precious = folder.appending(path: "records.jsonl")
            try Data("precious\n".utf8).write(to: precious)
            let arguments = try input.prepare(folder)
            let result = try Command.run(
                ["--checkpoints", checkpoint.path, "--output", precious.path] + arguments)
            #expect(result.code == input.code)
            #expect(result.output == "")
            // Temporary folders have names of their own, here and in the expectation "…".
            let error = result.error.replacing(folder.path, with: "…")
            #expect(error.hasPrefix("llama-run: error: \(input.subject): "))
            for part in input.parts { #expect(error.contains(part)) }
            #expect(error.firstIndex(of: "\n") == error.indices.last, "one line")
            #expect(try String(contentsOf: precious, encoding: .utf8) == "precious\n")
        }
    }
}

/// A way in which input is bad.
struct BadInput: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let code: Int32
    /// What the message begins with: the file, and the place in it.
    let subject: String
    /// What else it says.
    let parts: [String]
    /// The checkpoint that is made bad.
    let fixture: String
    /// Spoils the copy of the fixture in `model`; returns the arguments to add. The last option given counts.
    let prepare: @Sendable (URL) throws -> [String]

    init(
        _ description: String, _ code: Int32, _ subject: String, _ parts: [String],
        fixture: String = "hf-tied-f32",
        prepare: @escaping @Sendable (URL) throws -> [String]
    ) {
        testDescription = description
        self.code = code
        self.subject = subject
        self.parts = parts
        self.fixture = fixture
        self.prepare = prepare
    }

    static let all = checkpoints + tokenizers + prompts

    /// Writes a list of prompts; returns the arguments that name it.
    static func list(_ folder: URL, _ name: String, _ content: some Sequence<UInt8>) throws -> [String] {
        let url = folder.appending(path: name)
        try Data(content).write(to: url)
        return ["--prompts", url.path]
    }

    /// A list that there is nothing wrong with.
    static func goodList(_ folder: URL) throws -> [String] {
        try list(folder, "good.jsonl", #"{"prompt_ids":[5,6]}"#.utf8)
    }
}

/// The file `path` of the copied checkpoint.
func rewrite(_ folder: URL, _ path: String, _ change: (inout Data) -> Void) throws {
    let url = folder.appending(path: "model/\(path)")
    var data = try Data(contentsOf: url)
    change(&data)
    try data.write(to: url)
}

/// Replaces text in a file of the copied checkpoint.
func replace(_ folder: URL, _ path: String, _ old: String, _ new: String) throws {
    try rewrite(folder, path) { data in
        data = Data(String(decoding: data, as: UTF8.self).replacing(old, with: new).utf8)
    }
}
