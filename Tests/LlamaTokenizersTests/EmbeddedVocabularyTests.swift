import Foundation
import LlamaCheckpoints
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

@Suite struct EmbeddedVocabularyTests {
    /// Fixtures whose rules have a name in GGUF, and the name.
    static let named: [(file: String, preTokenizer: String)] = [
        ("Tiktoken/tiny.model", "llama-bpe"), ("HuggingFace/llama3.json", "llama-bpe"),
        ("HuggingFace/smollm.json", "smollm"), ("HuggingFace/qwen2.json", "qwen2"),
        ("bpe.model", "default"),
    ]

    @Test(arguments: named.indices)
    func hasTheIDsOfItsTokenizer(_ index: Int) throws {
        let (file, preTokenizer) = Self.named[index]
        let path = try Fixtures.tokenizer(file).path
        let vocabulary = try EmbeddedVocabulary(tokenizerFile: path)
        #expect(vocabulary.preTokenizer == preTokenizer)
        let tokenizer = try vocabulary.makeTokenizer(file: "model.gguf")
        try expectSame(tokenizer, loadTokenizer(at: path), texts: adversarialTexts)
        let stored = try EmbeddedVocabulary(storing: vocabulary)
        try expectSame(stored.makeTokenizer(file: "model.gguf"), tokenizer, texts: adversarialTexts)
    }

    /// Fixtures with rules that no checkpoint can hold; of characters, with merges that scores cannot express, because
    /// two tokens that make a third are not among them.
    static let nameless = [
        "unigram.model", "HuggingFace/deepseek.json", "HuggingFace/byte-level-prefix.json",
        "HuggingFace/tekken.json", "HuggingFace/llama2.json",
    ]

    @Test func saysMergesInScores() {
        let tokens = ["a", "b", "ab", "abb", "bb"].map { Array($0.utf8) }
        let kinds = [TokenKind](repeating: .normal, count: 5)
        func scores(_ merges: [String]) -> [Float]? {
            ScoresOfMerges(tokens, kinds, merges.map { Array($0.utf8) })?.scores
        }
        #expect(scores(["b b", "a b", "ab b", "a bb"]) == [-3, -4, -1, -2, 0])
        #expect(scores(["b b", "a b", "ab b"]) == nil)
        #expect(scores(["ab b", "a b", "a bb", "b b"]) == nil)
    }

    /// Of equal scores the leftmost pair merges first: in runs of one character that is the longest left part.
    @Test func saysMergesOfRunsInOneScore() {
        let tokens = ["a", "aa", "aaa", "ab", "b"].map { Array($0.utf8) }
        let kinds = [TokenKind](repeating: .normal, count: 5)
        func scores(_ merges: [String]) -> [Float]? {
            ScoresOfMerges(tokens, kinds, merges.map { Array($0.utf8) })?.scores
        }
        #expect(scores(["a b", "aa a", "a aa", "a a"]) == [-2, -1, -1, 0, -3])
        #expect(scores(["aa a", "a aa", "a a", "a b"]) == [-2, 0, 0, -1, -3])
        #expect(scores(["a a", "aa a", "a aa", "a b"]) == [-3, 0, -1, -2, -4])
        #expect(scores(["aa a", "a a", "a aa", "a b"]) == nil)
    }

    @Test func writesATokenizerJSONOfSentencePiece() throws {
        let path = try Fixtures.tokenizer("bpe.model").path
        let vocabulary = try EmbeddedVocabulary(tokenizerFile: path)
        let json = try vocabulary.tokenizerJSONFile(file: "f")
        let written = try HuggingFaceTokenizer(bytes: json, file: "tokenizer.json")
        let original = try loadTokenizer(at: path)
        // A tokenizer.json finds special and added tokens in any text.
        let texts = adversarialTexts.filter { text in
            !["<s>", "</s>", "<unk>", "[INST]"].contains(where: text.contains)
        }
        #expect(texts.count > 10)
        for text in texts {
            #expect(
                written.encode(text, addBOS: true) == original.encode(text, addBOS: true),
                "\(text.debugDescription)")
        }
        #expect(written.encode("[INST]", addBOS: false) == original.encode("[INST]", addBOS: false).suffix(1))
    }

    @Test func writesNoTokenizerJSONWhereScoresLeaveTheOrderOpen() throws {
        var vocabulary = EmbeddedVocabulary(
            model: .sentencePiece, tokens: ["<unk>", "a", "b", "c", "ab", "bc"].map { Array($0.utf8) },
            scores: [0, 0, 0, 0, -1, -1], kinds: [.unknown, .normal, .normal, .normal, .normal, .normal],
            specialIDs: .init(unknown: 0))
        let error = TokenizerError.unsupportedVocabulary(
            file: "f", expected: "a score of its own for every token that is merged",
            found: "-1.0 for tokens 4 and 5")
        #expect(throws: error) { try vocabulary.tokenizerJSONFile(file: "f") }
        vocabulary.scores[5] = -2
        let json = try vocabulary.tokenizerJSONFile(file: "f")
        #expect(
            try HuggingFaceTokenizer(bytes: json, file: "f").encode("abc", addBOS: false).suffix(2) == [4, 3])
    }

    @Test func writesATokenizerConfigWithTheTemplates() throws {
        let templates = ChatTemplates(
            standard: "{{ a }}", named: [.init(name: "tool_use", template: "{{ b }}")])
        try withTemporaryFolder { folder in
            for (written, name) in [
                (templates, "tokenizer_config.json"), (ChatTemplates(standard: "é"), "tokenizer_config.json"),
                (ChatTemplates(), "tokenizer_config.json"),
            ] {
                let bytes = Self.bytes.tokenizerConfigFile(chatTemplates: written)
                try Data(bytes).write(to: folder.appending(path: name))
                #expect(try ChatTemplates(folder: folder.path) == written)
                let settings = try TokenizerSettings(folder: folder.path)
                #expect(settings.bosToken == "<b>" && settings.addsBOS == true && settings.eosToken == nil)
            }
            try Data("{{ c }}".utf8).write(to: folder.appending(path: "chat_template.jinja"))
            #expect(try ChatTemplates(folder: folder.path) == ChatTemplates(standard: "{{ c }}"))
        }
    }

    @Test func namesTheFileWithAMalformedTemplate() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "chat_template.json")
            try Data(#"{"chat_template": 7}"#.utf8).write(to: url)
            let error = TokenizerError.invalidJSON(
                file: url.path, path: "chat_template", expected: "a string", found: "7")
            #expect(throws: error) { try ChatTemplates(folder: folder.path) }
            let twice = #"{"chat_template": [{"name":"a","template":""},{"name":"a","template":""}]}"#
            try Data(twice.utf8).write(to: url)
            let doubled = TokenizerError.unsupportedComponent(
                file: url.path, found: "two templates named \"a\"", path: "chat_template")
            #expect(throws: doubled) { try ChatTemplates(folder: folder.path) }
        }
    }

    @Test(arguments: nameless)
    func refusesRulesWithoutAName(_ file: String) throws {
        let path = try Fixtures.tokenizer(file).path
        let error = #expect(throws: TokenizerError.self) { try EmbeddedVocabulary(tokenizerFile: path) }
        #expect(error?.isUnsupported == true)
        #expect(error?.description.hasPrefix(path) == true)
    }

    @Test func refusesAPreTokenizerThatIsNotKnown() {
        var vocabulary = Self.bytes
        vocabulary.preTokenizer = "grok-9"
        let error = TokenizerError.unsupportedVocabulary(
            file: "f", expected: "a pre-tokenizer of a Llama tokenizer", found: "\"grok-9\"")
        #expect(throws: error) { try vocabulary.makeTokenizer(file: "f") }
        #expect(error.description.contains("grok-9"))
    }

    /// Digits, and three merges of them.
    static let bytes = EmbeddedVocabulary(
        model: .byteLevel, preTokenizer: "gpt-2",
        tokens: ["1", "11", "111", "1111", "<b>"].map { Array($0.utf8) },
        kinds: [.normal, .normal, .normal, .normal, .control],
        merges: ["1 1", "11 1", "111 1"].map { Array($0.utf8) }, specialIDs: .init(bos: 4))

    @Test(arguments: [
        ("gpt-2", [3] as [Int32]), ("default", [2, 0]), ("llama-bpe", [2, 0]), ("smaug-bpe", [2, 0]),
        ("smollm", [0, 0, 0, 0]), ("qwen2", [0, 0, 0, 0]), ("tekken", [0, 0, 0, 0]),
    ])
    func cutsDigitsAsThePreTokenizerSays(_ name: String, _ ids: [Int32]) throws {
        var vocabulary = Self.bytes
        vocabulary.preTokenizer = name
        vocabulary.merges.append(Array("11 11".utf8))
        #expect(try vocabulary.makeTokenizer(file: "f").encode("1111", addBOS: false) == ids)
        #expect(try vocabulary.makeTokenizer(file: "f").encode("1", addBOS: true) == [4, 0])
    }

    static let pieces = EmbeddedVocabulary(
        model: .sentencePiece,
        tokens: ["<unk>", "<s>", "</s>", "\u{2581}", "a", "\u{2581}a"].map { Array($0.utf8) },
        scores: [0, 0, 0, -2, -3, -1], kinds: [.unknown, .control, .control, .normal, .normal, .normal],
        specialIDs: .init(bos: 1, eos: 2, unknown: 0))

    @Test func makesATokenizerOfPieces() throws {
        let tokenizer = try Self.pieces.makeTokenizer(file: "f")
        #expect(tokenizer.encode("a a<s>", addBOS: true) == [1, 5, 5, 0])
        #expect(tokenizer.decode([1, 5, 5]) == "a a")
        var bare = Self.pieces
        (bare.additions.spacePrefix, bare.additions.bos, bare.kinds) = (false, false, [])
        let other = try bare.makeTokenizer(file: "f")
        #expect(other.encode("a a<s>", specials: .all, addBOS: false) == [4, 5, 1])
        #expect(!other.addsBOS)
    }

    typealias Change = @Sendable (inout EmbeddedVocabulary) -> Void

    /// What is wrong, and where.
    static let damage: [(place: String, base: EmbeddedVocabulary, change: Change)] = [
        ("tokens", pieces, { $0.tokens = [] }),
        ("scores", pieces, { $0.scores.removeLast() }),
        ("scores", pieces, { $0.scores = [] }),
        ("scores[3]", pieces, { $0.scores[3] = .nan }),
        ("token_type", pieces, { $0.kinds.removeLast() }),
        ("tokens[4]", pieces, { $0.tokens[4] = [] }),
        ("tokens[4]", pieces, { $0.tokens[4] = [0xFF] }),
        ("tokens", pieces, { $0.tokens[4] = [0] }),
        ("tokens[4]", pieces, { $0.tokens[4] = $0.tokens[3] }),
        ("tokens[4]", pieces, { $0.kinds[4] = .byte }),
        ("tokens[4]", pieces, { $0.tokens[4] = [UInt8](repeating: 0x61, count: 1 << 17) }),
        ("bos_token_id", pieces, { $0.specialIDs.bos = 6 }),
        ("eos_token_id", pieces, { $0.specialIDs.eos = -1 }),
        ("eot_token_id", pieces, { $0.specialIDs.eot = .max }),
        ("eom_token_id", pieces, { $0.specialIDs.eom = .min }),
        ("unknown_token_id", pieces, { $0.specialIDs.unknown = 99 }),
        ("padding_token_id", pieces, { $0.specialIDs.pad = 99 }),
        ("merges[0]", bytes, { $0.merges[0] = Array("11".utf8) }),
        ("merges[0]", bytes, { $0.merges[0] = Array("1 1 1".utf8) }),
        ("merges[1]", bytes, { $0.merges[1] = Array(" 1".utf8) }),
        ("merges[1]", bytes, { $0.merges[1] = Array("1 2".utf8) }),
        ("merges[2]", bytes, { $0.merges[2] = Array("111 11".utf8) }),
        ("merges[2]", bytes, { $0.merges[2] = [] }),
        ("merges[2]", bytes, { $0.merges[2] = [0xFF, 0x20, 0xFF] }),
        ("tokens[2]", bytes, { $0.tokens[2] = $0.tokens[1] }),
        ("tokens[2]", bytes, { $0.tokens[2] = [0xED, 0xA0, 0x80] }),
        ("scores", bytes, { $0.scores = [1] }),
    ]

    @Test(arguments: damage.indices)
    func refusesPartsThatContradictEachOther(_ index: Int) {
        let (place, base, change) = Self.damage[index]
        var vocabulary = base
        change(&vocabulary)
        let error = #expect(throws: TokenizerError.self) { try vocabulary.makeTokenizer(file: "f") }
        #expect(error?.description.contains("(\(place): ") == true, "\(String(describing: error))")
    }

    @Test func leavesUnusedTokensOutOfATextButNotOutOfTheCount() throws {
        var vocabulary = Self.bytes
        vocabulary.tokens += [Array("[PAD5]".utf8), Array("[PAD5]".utf8)]
        vocabulary.kinds += [.unused, .unused]
        let tokenizer = try vocabulary.makeTokenizer(file: "f")
        #expect(tokenizer.vocabularySize == 7)
        #expect(tokenizer.kind(of: 6) == .unused)
        #expect(tokenizer.spelling(of: 6) == Array("[PAD5]".utf8))
        #expect(tokenizer.decode([0, 6]) == "1")
    }

    @Test func writesSpecialTokensThatJSONHasToEscape() throws {
        var vocabulary = Self.bytes
        vocabulary.tokens[4] = Array("<\"\\\n\u{1}>".utf8)
        let tokenizer = try vocabulary.makeTokenizer(file: "f")
        #expect(tokenizer.spelling(of: 4) == vocabulary.tokens[4])
        let json = try vocabulary.tokenizerJSONFile(file: "f")
        let loaded = try HuggingFaceTokenizer(bytes: json)
        #expect(loaded.bosID == 4 && loaded.addsBOS)
        #expect(loaded.encode("1111", addBOS: true) == [4, 1, 1])
    }

    @Test func takesForGrantedWhatMetadataLeaveOut() throws {
        let vocabulary = try EmbeddedVocabulary(Self.metadata())
        #expect(
            vocabulary.specialIDs.bos == 1 && vocabulary.specialIDs.eos == 2
                && vocabulary.specialIDs.unknown == 0)
        #expect(
            vocabulary.additions == EmbeddedVocabulary.Additions(bos: true, eos: false, spacePrefix: true))
        #expect(try vocabulary.makeTokenizer(file: "f").encode("a a", addBOS: true) == [1, 5, 5])
    }

    /// Models, types and ids that are none.
    @Test(arguments: [("bert", 1, 1), ("llama", 7, 1), ("llama", -1, 1), ("llama", 1, 6), ("llama", 1, -1)])
    func refusesMetadataThatAreNone(_ model: String, _ type: Int, _ id: Int) {
        let metadata = Self.metadata(
            model,
            [
                ("token_type", .array(.int32([Int32](repeating: Int32(type), count: 6)))),
                ("bos_token_id", .int32(Int32(id))),
            ])
        #expect(throws: TokenizerError.self) { try EmbeddedVocabulary(metadata) }
    }

    /// The metadata of a GGUF file with the tokens and scores of `pieces`.
    static func metadata(
        _ model: String = "llama", _ others: [(key: String, value: GGUFValue)] = []
    ) -> GGUFMetadata {
        let entries =
            [
                ("model", .text(model)), ("tokens", .array(.string(GGUFStrings(pieces.tokens)))),
                ("scores", .array(.float32(pieces.scores))),
            ] + others
        return GGUFMetadata(file: "f", entries: entries.map { ("tokenizer.ggml." + $0.key, $0.value) })
    }

    @Test func namesAMetadataValueOfTheWrongType() {
        let metadata = Self.metadata("llama", [("bos_token_id", .text("one"))])
        let error = #expect(throws: TokenizerError.self) { try EmbeddedVocabulary(metadata) }
        #expect(
            error?.description
                == "f: tokenizer.ggml.bos_token_id: expected a whole number, found \"one\"")
        #expect(error?.isMissingInput == false && error?.isUnsupported == false)
    }

    @Test(arguments: ["no_vocab", "none"])
    func saysThatMetadataHaveNoVocabulary(_ model: String) {
        let error = TokenizerError.noVocabulary(file: "f")
        #expect(throws: error) { try EmbeddedVocabulary(Self.metadata(model)) }
        #expect(throws: error) { try EmbeddedVocabulary(GGUFMetadata(file: "f", entries: [])) }
        #expect(
            error.description == "f: expected a vocabulary in the file, found none; name another tokenizer")
    }

    /// A token that control tokens spell is not text, and so is not merged.
    @Test func refusesMergesOfTokensThatAreNotText() {
        var vocabulary = Self.bytes
        vocabulary.kinds[2] = .control
        let error = #expect(throws: TokenizerError.self) { try vocabulary.makeTokenizer(file: "f") }
        #expect(error?.description.contains("(merges[1]: \"111\" is not text)") == true)
    }

    @Test func refusesAControlTokenLongerThanAnyIs() {
        var vocabulary = Self.bytes
        vocabulary.tokens[4] = [UInt8](repeating: 0x61, count: 1025)
        let error = #expect(throws: TokenizerError.self) { try vocabulary.makeTokenizer(file: "f") }
        #expect(error?.description.contains("(tokens[4]: it has 1025 bytes)") == true)
    }

    /// The tokenizer that is built from a vocabulary of bytes, and the one that reads its `tokenizer.json`.
    @Test(arguments: [
        "Tiktoken/tiny.model", "HuggingFace/llama3.json", "HuggingFace/smollm.json", "HuggingFace/qwen2.json",
    ])
    func buildsTheTokenizerOfItsTokenizerJSON(_ file: String) throws {
        let vocabulary = try EmbeddedVocabulary(tokenizerFile: Fixtures.tokenizer(file).path)
        let built = try vocabulary.makeTokenizer(file: "f")
        let read = try HuggingFaceTokenizer(bytes: vocabulary.tokenizerJSONFile(file: "f"))
        for text in adversarialTexts {
            for specials in [SpecialTokens.none, .all] {
                let ids = built.encode(text, specials: specials, addBOS: false)
                #expect(read.encode(text, specials: specials, addBOS: false) == ids)
                #expect(Array(read.decode(ids).utf8) == Array(built.decode(ids).utf8))
            }
        }
        for id in 0..<Int32(built.vocabularySize) {
            #expect(built.bytes(of: id) == read.bytes(of: id))
            #expect(built.spelling(of: id) == read.spelling(of: id))
            #expect(built.kind(of: id) == read.kind(of: id))
        }
    }
}
