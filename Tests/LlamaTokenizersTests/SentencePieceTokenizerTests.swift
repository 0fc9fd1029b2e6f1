import Testing

@testable import LlamaTokenizers

@Suite struct SentencePieceTokenizerTests {
    @Test(arguments: Fixture.allCases)
    func knowsItsReservedTokens(_ fixture: Fixture) throws {
        let tokenizer = try fixture.tokenizer
        let expectation = try fixture.expectation
        #expect(tokenizer.vocabularySize == expectation.vocabulary_size)
        #expect(tokenizer.bosID == expectation.bos)
        #expect(tokenizer.eosID == expectation.eos)
        #expect(tokenizer.padID == (expectation.pad < 0 ? nil : expectation.pad))
        #expect(tokenizer.unknownID == 0)
        #expect(tokenizer.stopTokens == [expectation.eos])
    }

    @Test func loadsFromMemoryAsFromAFile() throws {
        let fromMemory = try SentencePieceTokenizer(bytes: Fixture.bpe.bytes)
        let text = "The engine drives.\n"
        #expect(
            fromMemory.encode(text, addBOS: true) == (try Fixture.bpe.tokenizer.encode(text, addBOS: true)))
    }

    @Test func putsBOSInFrontOnce() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let plain = tokenizer.encode("doors", addBOS: false)
        #expect(tokenizer.encode("doors", addBOS: true) == [1] + plain)
        #expect(tokenizer.encode("", addBOS: true) == [1])
        #expect(tokenizer.encode("<s>doors", specials: .all, addBOS: true) == [1] + plain)
    }

    @Test(arguments: Fixture.allCases)
    func takesNoControlTokenFromTextUnlessAsked(_ fixture: Fixture) throws {
        let tokenizer = try fixture.tokenizer
        let ids = tokenizer.encode("<s></s><sep><sep>2<pad><unk><0x0A>", addBOS: false)
        #expect(ids.allSatisfy { tokenizer.kind(of: $0) != .control })
    }

    @Test func takesTheControlTokensThatAreAllowed() throws {
        let tokenizer = try Fixture.char.tokenizer
        func encode(_ text: String, _ specials: SpecialTokens) -> [Int32] {
            tokenizer.encode(text, specials: specials, addBOS: false)
        }
        let a = encode("a", .none)
        let b = encode("b", .none)
        let sep = try #require(tokenizer.id(of: "<sep>"))
        let sep2 = try #require(tokenizer.id(of: "<sep>2"))
        #expect(encode("a<sep>b", .all) == a + [sep] + b)
        #expect(encode("<sep><sep>", .all) == [sep, sep])
        #expect(encode("a<sep>2b", .all) == a + [sep2] + b, "the longest wins")
        #expect(encode("a<sep>2b", .only(["<sep>"])) == a + [sep] + encode("2b", .none))
        #expect(encode("<s>a", .only(["<sep>"])) == encode("<s>a", .none))
        #expect(encode("a<sep>b", .only([])) == encode("a<sep>b", .none))
        #expect(encode("<sep", .all) == encode("<sep", .none))
    }

    @Test func keepsUserDefinedPiecesWhole() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let id = try #require(tokenizer.id(of: "[INST]"))
        #expect(tokenizer.kind(of: id) == .userDefined)
        #expect(tokenizer.encode("a[INST]b", addBOS: false).contains(id))
    }

    @Test func givesTheBytesOfAToken() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        #expect(tokenizer.bytes(of: try #require(tokenizer.id(of: "<0x0A>"))) == [0x0A])
        #expect(tokenizer.bytes(of: try #require(tokenizer.id(of: "▁the"))) == Array(" the".utf8))
        #expect(tokenizer.bytes(of: try #require(tokenizer.id(of: "<s>"))) == [])
        #expect(tokenizer.bytes(of: 0) == Array(" ⁇ ".utf8))
    }

    @Test(arguments: [
        ("<s>", "<s>", TokenKind.control), ("<unk>", "<unk>", .unknown), ("<0x0A>", "<0x0A>", .byte),
        ("▁the", " the", .normal), ("[INST]", "[INST]", .userDefined),
    ])
    func spellsAToken(piece: String, spelling: String, kind: TokenKind) throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let id = try #require(tokenizer.id(of: piece))
        #expect(tokenizer.spelling(of: id) == Array(spelling.utf8))
        #expect(tokenizer.kind(of: id) == kind)
    }

    @Test(arguments: [Int32.min, -1, 400, Int32.max])
    func hasNothingForAnIDOutsideTheVocabulary(_ id: Int32) throws {
        let tokenizer = try Fixture.bpe.tokenizer
        #expect(tokenizer.vocabularySize == 400)
        #expect(tokenizer.bytes(of: id) == [])
        #expect(tokenizer.piece(of: id) == nil)
        #expect(tokenizer.spelling(of: id) == [])
        #expect(tokenizer.kind(of: id) == nil)
        let ids = tokenizer.encode("doors", addBOS: false)
        #expect(tokenizer.decode(ids + [id]) == "doors")
        #expect(tokenizer.decode([id] + ids) == "doors")
    }

    @Test func keepsCanonicallyEquivalentTextsApart() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        for text in ["e\u{301}", "é", "\u{212B}", "Å"] {
            let decoded = tokenizer.decode(tokenizer.encode(text, addBOS: false))
            #expect(Array(decoded.utf8) == Array(text.utf8))
        }
    }

    @Test func encodesAMillionSpaces() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let text = String(repeating: " ", count: 1_000_000)
        #expect(tokenizer.decode(tokenizer.encode(text, addBOS: true)).utf8.count == text.utf8.count)
    }

    @Test func servesManyThreads() async throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let texts = try Fixture.bpe.expectation.texts
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    texts.allSatisfy { tokenizer.encode($0.text, addBOS: false) == $0.ids }
                }
            }
            for await isEqual in group { #expect(isEqual) }
        }
    }
}

extension SentencePieceTokenizer {
    func id(of piece: String) -> Int32? {
        (0..<Int32(vocabularySize)).first { self.piece(of: $0).map { Array($0.utf8) } == Array(piece.utf8) }
    }
}
