import Foundation
import LlamaTestSupport
import Testing

/// Bad lines, pipes, closed streams and signals in `llama-tokenize`.
struct TokenizeStreamTests {
    private let tokenizer: [String]

    init() throws { tokenizer = ["--tokenizer", try Fixtures.tokenizer("bpe.model").path] }

    static let badLines: [(String, String, String, Int, String, String)] = [
        (
            "encode", "\"a\"\nhello\n\"b\"\n", "[260]\n", 2, "a JSON string",
            "an unexpected character at byte 0"
        ),
        ("encode", "\"a\"\n\n", "[260]\n", 2, "a JSON string", "an empty line"),
        ("encode", "[1]", "", 1, "a JSON string", "[1]"),
        ("encode", "{\"a\":1,\"a\":2}", "", 1, "a JSON string", #"{"a":2}"#),
        ("encode", "\"a", "", 1, "a JSON string", "the end of the text at byte 2"),
        ("encode", "\"a\" \"b\"", "", 1, "a JSON string", "an unexpected character at byte 4"),
        ("decode", "[260]\n\"a\"", "\"a\"\n", 2, "a JSON array of ids", "\"a\""),
        ("decode", "7", "", 1, "a JSON array of ids", "7"),
        ("decode", "[1,400]", "", 1, "[1]: an id from 0 to 399", "400"),
        ("decode", "[-1]", "", 1, "[0]: an id from 0 to 399", "-1"),
        ("decode", "[1.0]", "", 1, "[0]: an id from 0 to 399", "1.0"),
        ("decode", "[9999999999]", "", 1, "[0]: an id from 0 to 399", "9999999999"),
        ("decode", "[null]", "", 1, "[0]: an id from 0 to 399", "null"),
        ("decode", "[[1]]", "", 1, "[0]: an id from 0 to 399", "[1]"),
    ]

    @Test(arguments: badLines)
    func aBadLineEndsItAndLosesNothing(
        action: String, input: String, output: String, line: Int, expected: String, found: String
    ) throws {
        let result = try Command.run(tokenizer + [action], input: input, program: "llama-tokenize")
        #expect(result.output == output)
        let parts = expected.components(separatedBy: ": ")
        let place = parts.count > 1 ? ", \(parts[0])" : ""
        #expect(
            result.error
                == "llama-tokenize: error: standard input, line \(line)\(place): expected \(parts.last ?? ""), "
                + "found \(found)\n")
        #expect(result.code == 65)
    }

    static let wrongUsage: [([String], Int32, String)] = [
        (["encode"], 64, "llama-tokenize: error: missing expected argument '--tokenizer <path>'"),
        (
            ["--tokenizer", "x"], 64,
            "llama-tokenize: error: expected encode, decode or compare, found no subcommand"
        ),
        (
            ["--tokenizer", "x", "compare", "a", "b"], 64,
            "llama-tokenize: error: --tokenizer: expected none, since compare names its two tokenizers"
        ),
        (["compare", "a"], 64, "llama-tokenize: error: missing expected argument '<B>'"),
        (
            ["encode", "--tokenizer", "x", "--specials", "some"], 64,
            "llama-tokenize: error: --specials: expected none or all, found some"
        ),
        (
            ["encode", "--tokenizer", "none.model"], 66,
            "llama-tokenize: error: none.model: expected a tokenizer file, found nothing; check the path"
        ),
        (
            ["encode", "--tokenizer", "."], 66,
            "llama-tokenize: error: .: expected tokenizer.model or tokenizer.json there, found neither"
        ),
        (
            ["compare", ".", "."], 66,
            "llama-tokenize: error: .: expected tokenizer.model or tokenizer.json there, found neither"
        ),
    ]

    @Test(arguments: wrongUsage)
    func refusesWrongUsageAndMissingFiles(arguments: [String], code: Int32, message: String) throws {
        try withTemporaryFolder { folder in
            let result = try Command.run(arguments, folder: folder, program: "llama-tokenize")
            #expect(result.error.split(separator: "\n").first.map(String.init) == message)
            #expect(result.output == "")
            #expect(result.code == code)
        }
    }

    @Test func aClosedPipeEndsItQuietly() throws {
        let result = try Command.shell(
            #"yes '"a"' | { "$@"; echo "exit $?" >&2; } | head -n 1"#, tokenizer + ["encode"],
            program: "llama-tokenize")
        #expect(result.output == "[260]\n")
        #expect(result.error == "exit \(128 + SIGPIPE)\n")
    }

    @Test(arguments: [
        (#""$@" <&-"#, 66, "standard input: cannot be read: Bad file descriptor"),
        (#""$@" </"#, 66, "standard input: cannot be read: Is a directory"),
        (#"echo '"a"' | "$@" >/dev/full"#, 74, "standard output: cannot be written: No space left on device"),
    ])
    func saysWhichStreamFails(script: String, code: Int32, message: String) throws {
        let result = try Command.shell(script, tokenizer + ["encode"], program: "llama-tokenize")
        #expect(result.error == "llama-tokenize: error: \(message)\n")
        #expect(result.code == code)
    }

    @Test func answersBeforeItWaitsAndEndsOnAnInterrupt() throws {
        let process = try Command.process(tokenizer + ["encode"], program: "llama-tokenize")
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        Command.limit(process)
        for _ in 0..<3 {
            // The line comes in two parts, and its answer before the next line.
            try input.fileHandleForWriting.write(contentsOf: Data("\"a".utf8))
            try input.fileHandleForWriting.write(contentsOf: Data("\"\n".utf8))
            #expect(output.fileHandleForReading.availableData == Data("[260]\n".utf8))
        }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.code == 130)
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(message == "llama-tokenize: error: interrupted after line 3\n")
    }

    @Test func takesLinesOfAnyLengthUpToALimit() throws {
        let long = try Command.shell(
            #"{ printf '"'; head -c 300000 /dev/zero | tr '\0' 1; printf '"\n"a"'; } | "$@""#,
            tokenizer + ["encode"], program: "llama-tokenize")
        #expect(long.code == 0)
        #expect(long.lines.map { $0.split(separator: ",").count } == [300_001, 1, 0])
        let endless = try Command.shell(
            #"{ echo '"a"'; head -c 80000000 /dev/zero; } | "$@""#, tokenizer + ["encode"],
            program: "llama-tokenize")
        #expect(endless.output == "[260]\n")
        #expect(
            endless.error
                == "llama-tokenize: error: standard input, line 2: expected at most 64 MiB, found more\n")
        #expect(endless.code == 65)
    }
}
