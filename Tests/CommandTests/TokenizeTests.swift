import Foundation
import LlamaTestSupport
import Testing

/// `llama-tokenize encode` and `decode`, as a person or a script uses them.
struct TokenizeTests {
    /// What the reference makes of a text.
    private struct Reference: Decodable {
        struct Text: Decodable {
            let text: String
            let ids: [Int32]
            let decoded: String
        }
        let texts: [Text]
    }

    @Test(arguments: ["bpe.model", "char.model", "unigram.model"])
    func answersEachLineAsTheReference(file: String) throws {
        let data = try Data(contentsOf: Fixtures.tokenizer("expected.json"))
        let texts = try #require(try JSONDecoder().decode([String: Reference].self, from: data)[file]).texts
        let encoder = JSONEncoder()
        let lines = try texts.map { String(decoding: try encoder.encode($0.text), as: UTF8.self) + "\n" }
        let encoded = try tokenize(["encode"], lines.joined(), tokenizer: file)
        #expect(encoded.code == 0)
        #expect(encoded.error == "")
        let arrays = texts.map { "[" + $0.ids.map(String.init).joined(separator: ",") + "]" }
        #expect(encoded.lines == arrays + [""])
        let decoded = try tokenize(["decode"], encoded.output, tokenizer: file)
        #expect(decoded.code == 0)
        let decoder = JSONDecoder()
        let answers = try decoded.lines.dropLast().map {
            try decoder.decode(String.self, from: Data($0.utf8))
        }
        #expect(answers.map { Array($0.utf8) } == texts.map { Array($0.decoded.utf8) })
    }

    @Test(arguments: [
        (["encode"], "\"<s>a\"", "[347,64,352,66,354]"),
        (["encode", "--bos"], "\"<s>a\"", "[1,347,64,352,66,354]"),
        (["encode", "--specials", "all"], "\"<s>a\"", "[1,260]"),
        (["encode", "--specials", "all", "--bos"], "\"<s>a\"", "[1,260]"),
        (["encode", "--bos"], "\"\"", "[1]"),
        (["encode"], "  \"a\" \r\n\"a\"", "[260]\n[260]"),
        (["encode"], #""\u0061\ud83d\ude00\ud800""#, "[260,244,163,156,132,243,195,193]"),
        (["decode"], "[1, 260, 2]\n[]\n[244,163]", "\"a\"\n\"\"\n\"\u{FFFD}\u{FFFD}\""),
        (["decode"], "[14, 260]", #""\n a""#),
    ])
    func takesOptions(arguments: [String], input: String, output: String) throws {
        let result = try tokenize(arguments, input)
        #expect(result.error == "")
        #expect(result.output == output + "\n")
        #expect(result.code == 0)
    }

    @Test(arguments: [
        (
            ["encode", "--bos", "--specials", "all"], #""théâtre 😀\n</s>""#,
            [
                "  1 <s>", "306 ▁th", "373 é", "342 ât", "266 re", "347 ▁", "244 <0xF0>", "163 <0x9F>",
                "156 <0x98>", "132 <0x80>", " 14 <0x0A>", "  2 </s>", "", "",
            ]
        ),
        (["encode"], "\"\"\n\"a\"", ["", "260 ▁a", "", ""]),
        (
            ["decode"], "[1,3,0,14,399]",
            ["  1 <s>", "  3 [INST]", "  0 <unk>", " 14 <0x0A>", "399 ù", "", ""]
        ),
    ])
    func showsPieces(arguments: [String], input: String, lines: [String]) throws {
        let result = try tokenize(arguments + ["--show"], input)
        #expect(result.error == "")
        #expect(result.lines == lines)
    }

    /// In a byte-level vocabulary, a piece may be part of a character, or an invisible one.
    @Test func showsWhatWouldBeHidden() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "tokenizer.model")
            let merged = ["▁", "\u{200D}", "\u{301}", "a\u{301}", " \u{A0}", "\\\t"].map { Array($0.utf8) }
            try Data(rankFile(merged + [[0xF0, 0x9F]]).utf8).write(to: file)
            let result = try Command.run(
                ["decode", "--show", "--tokenizer", file.path],
                input: "[228, 32, 256, 257, 258, 259, 260, 261, 262, 263]", program: "llama-tokenize")
            #expect(
                result.lines == [
                    "228 <0xE4>", " 32 ▁", #"256 \u{2581}"#, #"257 \u{200D}"#, #"258 \u{0301}"#,
                    "259 a\u{301}",
                    #"260 ▁\u{00A0}"#, #"261 \\\t"#, "262 <0xF0><0x9F>", "263 <|begin_of_text|>", "", "",
                ])
        }
    }

    @Test func findsTheTokenizerOfAFolderOrCheckpoint() throws {
        try withTemporaryFolder { folder in
            let names = ["tokenizer.model", "params.json", "consolidated.00.pth", "model.safetensors"]
            for name in names {
                try FileManager.default.copyItem(
                    at: Fixtures.tokenizer("bpe.model"), to: folder.appending(path: name))
            }
            for path in [".", folder.path, folder.path + "/"] + names {
                for arguments in [["--tokenizer", path, "encode"], ["encode", "--tokenizer", path]] {
                    let result = try Command.run(
                        arguments, input: "\"a\"", folder: folder, program: "llama-tokenize")
                    #expect(result.error == "")
                    #expect(result.output == "[260]\n")
                }
            }
            // Else tokenizer.json, whatever the loader makes of it.
            try FileManager.default.moveItem(
                at: folder.appending(path: "tokenizer.model"), to: folder.appending(path: "tokenizer.json"))
            let result = try Command.run(
                ["encode", "--tokenizer", "."], input: "\"a\"", folder: folder, program: "llama-tokenize")
            #expect(result.output == "[260]\n")
        }
    }

    @Test func helpFitsATerminal() throws {
        for arguments in [["--help"], ["encode", "--help"], ["decode", "--help"], ["compare", "--help"]] {
            let result = try Command.run(arguments, program: "llama-tokenize")
            #expect(result.code == 0)
            #expect(result.lines.filter { !$0.hasPrefix("USAGE") }.allSatisfy { $0.count <= 80 })
        }
    }

    private func tokenize(
        _ arguments: [String], _ input: String, tokenizer: String = "bpe.model"
    ) throws -> Command {
        try Command.run(
            ["--tokenizer", Fixtures.tokenizer(tokenizer).path] + arguments, input: input,
            program: "llama-tokenize")
    }
}

/// A tiktoken vocabulary of the bytes and of these tokens.
func rankFile(_ merged: [[UInt8]]) -> String {
    ((0...255).map { [$0] } + merged).enumerated()
        .map { "\(Data($0.element).base64EncodedString()) \($0.offset)\n" }.joined()
}
