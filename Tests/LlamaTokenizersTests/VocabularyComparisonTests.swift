import Testing

@testable import LlamaTokenizers

@Suite struct VocabularyComparisonTests {
    @Test(arguments: [
        (VocabularyStub(.normal, "a"), VocabularyStub(.userDefined, "a"), true),
        (VocabularyStub(.normal, "a"), VocabularyStub(.unused, "a"), true),
        (VocabularyStub(.normal, "a"), VocabularyStub(.normal, "b"), false),
        // One of these is only chosen where no piece fits.
        (VocabularyStub(.normal, "a"), VocabularyStub(.byte, "a", spelling: "<0x61>"), false),
        (VocabularyStub(.normal, "<s>"), VocabularyStub(.control, "", spelling: "<s>"), false),
        (
            VocabularyStub(.control, "", spelling: "<s>"), VocabularyStub(.control, "", spelling: "</s>"),
            false
        ),
        // SentencePiece's unknown token has a text, and is a control token in other formats.
        (
            VocabularyStub(.unknown, " \u{2047} ", spelling: "<unk>"),
            VocabularyStub(.control, "", spelling: "<unk>"), true
        ),
    ])
    func comparesWhatATokenDoes(first: VocabularyStub, second: VocabularyStub, isSame: Bool) {
        #expect(VocabularyComparison(first, second).differingIDs == (isSame ? [] : [0]))
        #expect(VocabularyComparison(first, first).isSame)
    }

    @Test func namesTheSpecialTokensThatDiffer() throws {
        let comparison = VocabularyComparison(
            try tinyTiktoken(names: .llama3), try tinyTiktoken(names: .llama31))
        let base = Int32(comparison.sizes.first - TiktokenTokenizer.specialTokenCount)
        #expect(comparison.sizes.first == comparison.sizes.second)
        // From the first token that has another name on, the reserved tokens have other numbers.
        #expect(comparison.differingIDs.first == base + 4)
        #expect(comparison.roles.filter { !$0.isSame }.map(\.name) == ["padding", "stop"])
        func text(_ names: [[UInt8]]) -> [String] { names.map { String(decoding: $0, as: UTF8.self) } }
        #expect(
            text(comparison.namesOfOne.second)
                == ["<|finetune_right_pad_id|>", "<|eom_id|>", "<|python_tag|>"])
        #expect(comparison.namesOfOne.first.count == 3)
        #expect(!comparison.isSame && !comparison.hasSameSpecialTokens)
    }

    @Test func keepsCanonicallyEquivalentTextsApart() throws {
        var texts = TextComparison(
            VocabularyStub(.normal, "é", ids: [0]), VocabularyStub(.normal, "e\u{301}", ids: [0]),
            specials: .none)
        texts.add("first", source: "line 1")
        texts.add("second", source: "line 2")
        #expect(texts.count == 2 && texts.idDifferenceCount == 0 && texts.decodedDifferenceCount == 2)
        #expect(texts.firstDecodedDifference?.source == "line 1")
        #expect(!texts.isSame)
    }
}

/// A vocabulary of one token, which every text is encoded to where `ids` say so.
struct VocabularyStub: Tokenizer {
    let vocabularySize = 1
    let bosID: Int32? = nil
    let eosID: Int32? = nil
    let padID: Int32? = nil
    let stopTokens: Set<Int32> = []
    private let ids: [Int32]
    private let spelling: String
    private let table: TokenTable

    init(_ kind: TokenKind, _ text: String, spelling: String? = nil, ids: [Int32] = []) {
        var table = TokenTable()
        table.append(text.utf8, kind: kind)
        self.table = table
        self.spelling = spelling ?? text
        self.ids = ids
    }

    func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32] { ids }
    func bytes(of id: Int32) -> [UInt8] { Array(table.bytes(of: id)) }
    func kind(of id: Int32) -> TokenKind? { table.kind(of: id) }
    func spelling(of id: Int32) -> [UInt8] { Array(spelling.utf8) }
    func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder {
        StreamingDecoder(table: table, leadingSpace: .keep, replacement: .eachByte, prompt: prompt)
    }
}
