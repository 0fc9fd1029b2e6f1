import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Files that are no `tokenizer.json` of a Llama, and what a person is told.
@Suite struct HuggingFaceRefusalTests {
    /// A whole file, in which each case changes something.
    static let small = """
        {"added_tokens": [{"id": 4, "content": "<s>", "special": true}], "normalizer": null,
         "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
         "post_processor": null, "decoder": {"type": "ByteLevel"},
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3}, "merges": ["a b"]}}
        """

    static let cases: [(old: String, new: String, message: String)] = [
        (
            #""type": "BPE""#, #""type": "Unigram""#,
            "model: expected rules of a Llama tokenizer, found Unigram, which is not supported; "
                + "use the model's tokenizer.model if it has one"
        ),
        (
            #""normalizer": null"#, #""normalizer": {"type": "NFC"}"#,
            "normalizer: expected rules of a Llama tokenizer, found NFC, which is not supported; "
                + "use the model's tokenizer.model if it has one"
        ),
        (
            #""normalizer": null"#,
            #""normalizer": {"type": "Sequence", "normalizers": [{"type": "Strip"}, {"type": "Lowercase"}]}"#,
            "normalizer.normalizers[1]: expected rules of a Llama tokenizer, found Lowercase, "
                + "which is not supported; use the model's tokenizer.model if it has one"
        ),
        (
            #""type": "ByteLevel", "add_prefix_space": false"#, #""type": "Whitespace""#,
            "pre_tokenizer: expected rules of a Llama tokenizer, found Whitespace, which is not supported; "
                + "use the model's tokenizer.model if it has one"
        ),
        (
            #""post_processor": null"#, #""post_processor": {"type": "BertProcessing"}"#,
            "post_processor: expected rules of a Llama tokenizer, found BertProcessing, which is not supported; "
                + "use the model's tokenizer.model if it has one"
        ),
        (
            #""decoder": {"type": "ByteLevel"}"#, #""decoder": {"type": "WordPiece"}"#,
            "decoder: expected rules of a Llama tokenizer, found WordPiece, which is not supported; "
                + "use the model's tokenizer.model if it has one"
        ),
        (
            #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#,
            #"{"type": "Split", "pattern": {"Regex": "(?<=a)b"}, "behavior": "Isolated"}"#,
            "pre_tokenizer: expected rules of a Llama tokenizer, found a look-behind or a named group at character 1 "
                + "of a pattern, which is not supported; use the model's tokenizer.model if it has one"
        ),
        (
            #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#,
            #"{"type": "Split", "pattern": {"Regex": "(?:(?:(?:ab){999}){999}){999}"}, "behavior": "Isolated"}"#,
            "pre_tokenizer: expected rules of a Llama tokenizer, found more than 20000 steps at character 1 "
                + "of a pattern, which is not supported; use the model's tokenizer.model if it has one"
        ),
        (
            #""merges": ["a b"]"#, #""merges": ["a b", "a x"]"#,
            "model.merges[1]: expected tokens of the vocabulary, found \"x\"; correct the file or download it again"
        ),
        (
            #""merges": ["a b"]"#, #""merges": [["a", "c"]]"#,
            "model.merges[0]: expected tokens of the vocabulary, found \"ac\"; correct the file or download it again"
        ),
        (
            #""merges": ["a b"]"#, #""merges": [["a", "b", "c"]]"#,
            "model.merges[0]: expected two tokens, found 3; correct the file or download it again"
        ),
        (
            #""merges": ["a b"]"#, #""merges": ["ab"]"#,
            "model.merges[0]: expected two tokens, found \"ab\"; correct the file or download it again"
        ),
        (
            #", "merges": ["a b"]"#, "",
            "model: expected a key \"merges\", found none; correct the file or download it again"
        ),
        (
            #""c": 2"#, #""c": -2"#,
            "model.vocab: expected ids from 0 to 4194303, found -2; correct the file or download it again"
        ),
        (
            #""c": 2"#, #""c": 4194304"#,
            "model.vocab: expected ids from 0 to 4194303, found 4194304; correct the file or download it again"
        ),
        (
            #""c": 2"#, #""c": 1"#,
            "model.vocab: expected each id once, found 1 for \"b\" and \"c\"; correct the file or download it again"
        ),
        (
            #""c": 2"#, #""\u0062": 2"#,
            "key \"model.vocab.b\": expected each key once, found the same key again; correct the file or download it again"
        ),
        (
            #""id": 4"#, #""id": 2"#,
            "added_tokens[0]: expected an id of its own for \"<s>\", found 2; correct the file or download it again"
        ),
        (
            #""id": 4"#, #""id": 99999999999"#,
            "added_tokens[0].id: expected an id from 0 to 4194303, found 99999999999; correct the file or download it again"
        ),
        (
            #""type": "BPE""#, #""type": "BPE", "dropout": 0.1"#,
            "model.dropout: expected rules of a Llama tokenizer, found a dropout of 0.1, which is not supported; "
                + "use the model's tokenizer.model if it has one"
        ),
        (
            #""type": "BPE""#, #""type": "BPE", "unk_token": "<unk>""#,
            "model.unk_token: expected a token of the vocabulary, found \"<unk>\"; correct the file or download it again"
        ),
        (
            #""normalizer": null"#, #""decoder": {"type": "ByteLevel"}"#,
            "key \"decoder\": expected each key once, found the same key again; correct the file or download it again"
        ),
    ]

    @Test(arguments: cases.indices)
    func saysWhatIsWrong(_ index: Int) throws {
        let (old, new, message) = Self.cases[index]
        let text = Self.small.replacing(old, with: new)
        try #require(text != Self.small)
        let error = #expect(throws: TokenizerError.self) {
            try HuggingFaceTokenizer(bytes: Array(text.utf8), file: "t.json")
        }
        #expect(error?.description == "t.json: \(message)")
    }

    @Test func loadsTheFileThatTheCasesChange() throws {
        let tokenizer = try HuggingFaceTokenizer(bytes: Array(Self.small.utf8))
        #expect(tokenizer.encode("abc", addBOS: false) == [3, 2])
    }

    @Test func refusesEveryTruncation() {
        let bytes = Array(Self.small.utf8)
        for count in bytes.indices {
            #expect(throws: TokenizerError.self) { try HuggingFaceTokenizer(bytes: Array(bytes[..<count])) }
        }
    }

    @Test(arguments: [#"{"model":"#, #"{"x":"#, #"{"model":{"vocab":{},"merges":"#, #"{"added_tokens":"#])
    func refusesABombOfBrackets(_ start: String) {
        let bytes = Array(start.utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
        #expect(throws: TokenizerError.self) { try HuggingFaceTokenizer(bytes: bytes) }
    }

    @Test func refusesBytesThatAreNotUTF8() {
        let text = Self.small.replacing(#""c": 2"#, with: "\"\u{1}\": 2")
        let bytes = Array(text.utf8).map { $0 == 1 ? 0xFF : $0 }
        #expect(throws: TokenizerError.self) { try HuggingFaceTokenizer(bytes: bytes) }
    }

    /// A changed file is refused, or gives a tokenizer that works.
    @Test(arguments: GoldenCase.huggingFaceNames)
    func survivesMutations(_ name: String) throws {
        let bytes = Array(try Data(contentsOf: Fixtures.tokenizer("HuggingFace/\(name).json")))
        var random = SeededGenerator(state: UInt64(bytes.count))
        for _ in 0..<25 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: mutated.indices, using: &random)
                let end = min(mutated.count, place + Int.random(in: 0...6, using: &random))
                let other = Int.random(in: mutated.indices, using: &random)
                let piece = mutated[other..<min(mutated.count, other + Int.random(in: 0...6, using: &random))]
                mutated.replaceSubrange(place..<end, with: Array(piece))
            }
            guard let tokenizer = try? HuggingFaceTokenizer(bytes: mutated) else { continue }
            let ids = tokenizer.encode("Où 12 été <s> \n\u{1F600}\u{2581}a", specials: .all, addBOS: true)
            #expect(ids.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) })
            _ = tokenizer.decode(Array(-1...Int32(tokenizer.vocabularySize)))
        }
    }
}

/// Files of a few bytes that would take all memory or time.
@Suite struct HuggingFaceBombTests {
    static func file(_ old: String, _ new: String) -> [UInt8] {
        Array(HuggingFaceRefusalTests.small.replacing(old, with: new).utf8)
    }

    static let growth = Array(
        repeating: #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#, count: 34
    ).joined(separator: ",")

    static let bombs: [[UInt8]] = [
        file(#""normalizer": null"#, #""normalizer": {"type": "Sequence", "normalizers": [\#(growth)]}"#),
        file(
            #""decoder": {"type": "ByteLevel"}"#,
            #""decoder": {"type": "Sequence", "decoders": [\#(growth)]}"#),
        file(
            #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#,
            #"{"type": "Sequence", "pretokenizers": [\#(split(Array(repeating: "b", count: 65)))]}"#),
        file(
            #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#,
            split(["a" + String(repeating: "{1}", count: 1000)])),
        file(
            #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#,
            split([String(repeating: "(?:", count: 12) + "b" + String(repeating: "){9}", count: 12)])),
        file(
            #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#,
            split([String(repeating: "a", count: 5000)])),
        file(#""content": "<s>""#, #""content": "\#(String(repeating: "x", count: 2000))""#),
        file(
            #""post_processor": null"#,
            #""post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "#
                + #""special_tokens": {"x": {"ids": [99]}}}"#),
    ]

    static func split(_ patterns: [String]) -> String {
        patterns.map { #"{"type": "Split", "pattern": {"Regex": "\#($0)"}, "behavior": "Isolated"}"# }
            .joined(separator: ",")
    }

    @Test(arguments: bombs.indices)
    func refuses(_ index: Int) {
        #expect(throws: TokenizerError.self) { try HuggingFaceTokenizer(bytes: Self.bombs[index]) }
    }

    @Test(arguments: ["(?:a+)+c", "(?:a|a)+c", "a+c"])
    func endsWhereAPatternWouldNot(_ pattern: String) throws {
        let bytes = Self.file(
            #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#, Self.split([pattern]))
        let tokenizer = try HuggingFaceTokenizer(bytes: bytes)
        let text = String(repeating: "a", count: 5000)
        #expect(tokenizer.encode(text, addBOS: false).count == 5000)
    }

    @Test func ignoresAnyNumberOfSpacesToStrip() throws {
        let bytes = Self.file(
            #""decoder": {"type": "ByteLevel"}"#,
            #""decoder": {"type": "Strip", "content": "a", "start": 4611686018427387904, "stop": 3}"#)
        #expect(try HuggingFaceTokenizer(bytes: bytes).decode([0, 1, 3]) == "bb")
    }
}
