import Foundation
import LlamaTestSupport
import Testing

/// `llama-tokenize compare`.
struct TokenizeCompareTests {
    @Test func findsATokenizerEqualToItself() throws {
        let path = try Fixtures.tokenizer("bpe.model").path
        for specials in ["none", "all"] {
            let result = try Command.run(
                ["compare", path, path, "--specials", specials], program: "llama-tokenize")
            #expect(result.error == "")
            #expect(result.code == 0)
            #expect(result.lines.filter { $0.contains("same") }.count == 5)
            #expect(!result.output.contains("DIFFERENT"))
            #expect(result.lines[3] == "vocabulary      same       400 ids")
        }
    }

    @Test func showsTheFirstOfWhatDiffers() throws {
        try withTemporaryFolder { folder in
            try Data(rankFile(["he", "the", "in"].map { Array($0.utf8) }).utf8)
                .write(to: folder.appending(path: "a.model"))
            try Data(rankFile(["th", "the", "in"].map { Array($0.utf8) }).utf8)
                .write(to: folder.appending(path: "b.model"))
            try Data("none\n\nin the hein\nhe".utf8).write(to: folder.appending(path: "texts"))
            let result = try compare(["a.model", "b.model", "--data", "texts"], folder)
            let special =
                "begin 259 <|begin_of_text|>, end 260 <|end_of_text|>, padding 263 "
                + "<|finetune_right_pad_id|>, stop 260 <|end_of_text|> 267 <|eom_id|> 268 <|eot_id|>"
            #expect(
                result.output == """
                    A  a.model
                    B  b.model

                    vocabulary      same       515 ids
                    tokens          DIFFERENT  1 of 515
                        256  A  normal he  B  normal th
                    special tokens  same       \(special)
                    ids             DIFFERENT  of 2 of 4 lines of texts
                        first in line 3, from token 5 on: "in the hein"
                           token    A           B
                               2   32  ▁       32  ▁
                               3  257  the    257  the
                               4   32  ▁       32  ▁
                        >      5  256  he     104  h
                               6  258  in     101  e
                               7       (end)  258  in
                    decoded text    DIFFERENT  for 2 of 4 lines of texts
                        first for A's ids of line 3
                        A  "in the hein"
                        B  "in the thin"

                    """)
            #expect(result.error == "")
            #expect(result.code == 1)
        }
    }

    @Test func showsOtherSizesAndSpecialTokens() throws {
        try withTemporaryFolder { folder in
            for name in ["bpe.model", "char.model"] {
                try FileManager.default.copyItem(
                    at: Fixtures.tokenizer(name), to: folder.appending(path: name))
            }
            let result = try compare(["bpe.model", "char.model"], folder)
            #expect(result.code == 1)
            for line in [
                "vocabulary      DIFFERENT  A has 400 ids, B 59", "tokens          DIFFERENT  56 of 59",
                "    4  A  byte <0x00>         B  control <sep>", "    and 51 more",
                "special tokens  DIFFERENT", "    padding  A  none  B  3 <pad>",
                "    only in B: <pad> <sep> <sep>2",
            ] {
                #expect(result.lines.contains(line), "\(line)")
            }
        }
    }

    @Test func takesTextsFromJSONAndStandardInput() throws {
        try withTemporaryFolder { folder in
            let model = try Fixtures.tokenizer("bpe.model").path
            try Data("\"a\\nb\"\n{\"text\": \"c\"}\n".utf8).write(to: folder.appending(path: "texts.jsonl"))
            let json = try compare([model, model, "--data", "texts.jsonl"], folder)
            #expect(json.lines[6] == "ids             same       of 2 lines of texts.jsonl")
            #expect(json.code == 0)
            let piped = try Command.run(
                ["compare", model, model, "--data", "-"], input: "a\nb\nc", program: "llama-tokenize")
            #expect(piped.lines[6] == "ids             same       of 3 lines of standard input")
        }
    }

    @Test(arguments: [
        ("none", nil, 66, "none: cannot be read: No such file or directory"),
        ("texts", [0x61, 0x0A, 0xC3, 0x28], 65, "texts, line 2: expected UTF-8, found bytes that are not"),
        (
            "texts.jsonl", Array("\"a\"\n7".utf8), 65,
            "texts.jsonl, line 2: expected a JSON string, or an object with a \"text\", found 7"
        ),
        (
            "texts.jsonl", Array("{}".utf8), 65,
            "texts.jsonl, line 1: expected a JSON string, or an object with a \"text\", found no \"text\""
        ),
    ])
    func refusesBadTexts(name: String, content: [UInt8]?, code: Int32, message: String) throws {
        try withTemporaryFolder { folder in
            if let content { try Data(content).write(to: folder.appending(path: name)) }
            let model = try Fixtures.tokenizer("bpe.model").path
            let result = try compare([model, model, "--data", name], folder)
            #expect(result.error == "llama-tokenize: error: \(message)\n")
            #expect(result.output == "")
            #expect(result.code == code)
        }
    }

    private func compare(_ arguments: [String], _ folder: URL) throws -> Command {
        try Command.run(["compare"] + arguments, folder: folder, program: "llama-tokenize")
    }
}
