import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

@Suite struct SentencePieceTrainerTests {
    typealias Kind = SentencePieceTrainer.Kind

    static func train(_ kind: Kind, _ text: String) throws -> SentencePieceTokenizer {
        try SentencePieceTokenizer(bytes: SentencePieceTrainer(kind).train(on: text))
    }

    /// Enough of a text to learn merges from.
    static let prose = """
        The engine drives the wheels, and the wheels drive the engine.
        She sells sea shells by the sea shore; the shells she sells are sea shells.

            "Four spaces", he said,  "and two of them   later three."
        In 1984 and 2001 there were 1234567890 reasons.
        """

    static let kinds: [Kind] = [.char, .bpe(vocabularySize: 340)]

    static let texts = [
        "\n\n  a  b\t\n", " ", "\n", "\t", "\u{2585}", "a", " a ", "a\r\nb\r\n", "Grüße, 日本語, עברית",
        "👩‍👩‍👧‍👦🇩🇪 e\u{301}", "x\u{2585}y", "\u{FEFF}a\u{FFFD}\u{3000}\u{A0}b", "<s> </s><unk><pad><0x0A>",
        "a,b,\"c\",,\"", "\u{1}\u{7F}\u{85}\u{2028}\u{10FFFF}", " \u{2047} ",
    ]

    @Test(arguments: texts)
    func givesATextBackByteForByte(_ text: String) throws {
        let bpe = try Self.train(.bpe(vocabularySize: 340), Self.prose + text)
        for model in [try Self.train(.char, text), bpe] {
            let ids = model.encode(text, addBOS: false)
            #expect(Array(model.decode(ids).utf8) == Array(text.utf8), "\(text.debugDescription)")
            #expect(model.processor.decode(ids) == Array(text.utf8), "\(text.debugDescription)")
            var decoder = model.makeStreamingDecoder()
            let streamed = ids.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(Array(streamed.utf8) == Array(text.utf8), "\(text.debugDescription)")
        }
    }

    @Test(arguments: texts)
    func hasAPieceForEachCharacter(_ text: String) throws {
        let model = try Self.train(.char, text)
        let ids = model.encode(text, addBOS: false)
        #expect(ids.count == text.unicodeScalars.count)
        #expect(Set(ids) == Set(4..<Int32(4 + Set(text.unicodeScalars).count)))
        #expect(model.vocabularySize == 4 + Set(text.unicodeScalars).count)
        for (id, scalar) in zip(ids, text.unicodeScalars) {
            #expect(model.bytes(of: id) == Array(String(scalar).utf8))
        }
    }

    @Test(arguments: kinds)
    func reservesTheFirstIDs(_ kind: Kind) throws {
        let model = try Self.train(kind, Self.prose)
        #expect(model.unknownID == 0)
        #expect(model.bosID == 1)
        #expect(model.eosID == 2)
        #expect(model.padID == 3)
        #expect((0..<4).map { model.piece(of: $0) } == ["<unk>", "<s>", "</s>", "<pad>"])
        #expect((0..<4).map { model.kind(of: $0) } == [.unknown, .control, .control, .control])
        #expect(model.encode("a<s>", addBOS: true).count(where: { $0 == 1 }) == 1)
    }

    @Test func listsCharactersByFrequencyAfterTheUserDefinedOnes() throws {
        let model = try Self.train(.char, "b\tb aab\nb")
        #expect((4..<9).map { model.piece(of: $0) } == ["\t", "\n", "b", "a", "\u{2581}"])
        let kinds: [TokenKind] = [.userDefined, .userDefined, .normal, .normal, .normal]
        #expect((4..<9).map { model.kind(of: $0) } == kinds)
    }

    @Test func mapsAnUnknownCharacterToTheUnknownToken() throws {
        let model = try Self.train(.char, "abc")
        #expect(model.encode("aéb\nc", addBOS: false) == [4, 0, 5, 0, 6])
    }

    @Test func spellsAnUnknownCharacterInBytes() throws {
        let model = try Self.train(.bpe(vocabularySize: 340), Self.prose)
        let ids = model.encode("é\n\t", addBOS: false)
        #expect(ids == [0xC3, 0xA9, 0x0A, 0x09].map { 4 + $0 })
        #expect(ids.map { model.piece(of: $0) } == ["<0xC3>", "<0xA9>", "<0x0A>", "<0x09>"])
    }

    @Test func handlesWhitespaceAndDigitsAsLlama2() throws {
        let model = try Self.train(.bpe(vocabularySize: 340), Self.prose)
        let pieces = (260..<Int32(model.vocabularySize)).compactMap { model.piece(of: $0) }
        #expect(pieces.contains("\u{2581}\u{2581}"))
        #expect(pieces.contains("\u{2581}the"))
        #expect(pieces.filter { $0.contains(where: \.isNumber) }.allSatisfy { $0.count == 1 })
        let ids = model.encode("1984", addBOS: false)
        #expect(ids.map { model.piece(of: $0) } == ["1", "9", "8", "4"])
    }

    @Test(arguments: [300, 301, 320, 340])
    func hasAsManyPiecesAsAskedFor(_ size: Int) throws {
        let model = try Self.train(.bpe(vocabularySize: size), Self.prose)
        #expect(model.vocabularySize == size)
    }

    @Test(arguments: kinds)
    func givesTheSameBytesForTheSameText(_ kind: Kind) throws {
        let first = try SentencePieceTrainer(kind).train(on: Self.prose)
        // The heap is in another state, on whose addresses nothing may depend.
        let blocks = (0..<500).map { [UInt8](repeating: 0, count: 16 + $0 % 200) }
        let second = try withExtendedLifetime(blocks) {
            try SentencePieceTrainer(kind).train(on: Self.prose)
        }
        #expect(first == second)
        let other = try SentencePieceTrainer(kind).train(on: Self.prose + "zebras")
        #expect(first != other)
    }

    @Test func trainsOnALineOfAnyLength() throws {
        let line = String(repeating: "a", count: 70_000) + String(repeating: " ", count: 70_000)
        for kind: Kind in [.char, .bpe(vocabularySize: 264)] {
            let model = try Self.train(kind, line + "日b")
            let ids = model.encode(line, addBOS: false)
            #expect(model.decode(ids) == line)
        }
    }

    /// What the trainer and the model format have marks for, mixed at random.
    @Test(arguments: 0..<40)
    func givesARandomTextBack(_ seed: Int) throws {
        let parts = [
            " ", "  ", "\n", "\t", "\r", "a", "ab", "b", "1", "<", "<s>", "</s>", "<pad>", "<unk>", "<0x41>",
            ">", ",", "\"", "=", "\u{2585}", "\u{2580}", "é", "e\u{301}", "日本", "😀", "\u{200D}", "\u{FFFD}",
            "\u{10FFFF}",
        ]
        var generator = SeededGenerator(state: UInt64(seed))
        let text = (0..<Int.random(in: 1...300, using: &generator)).map { _ in
            parts[Int.random(in: 0..<parts.count, using: &generator)]
        }.joined()
        let char = try Self.train(.char, text)
        #expect(char.vocabularySize == 4 + Set(text.unicodeScalars).count)
        let minimum = try #require(Self.smallestVocabulary(of: text))
        let bpe = try Self.train(.bpe(vocabularySize: minimum), text)
        for model in [char, bpe] {
            #expect(Array(model.decode(model.encode(text, addBOS: false)).utf8) == Array(text.utf8))
        }
    }

    static func smallestVocabulary(of text: String) -> Int? {
        do { _ = try SentencePieceTrainer(.bpe(vocabularySize: 0)).train(on: text) } catch {
            if case .vocabularyTooSmall(_, let minimum) = error { return minimum }
        }
        return nil
    }

    /// The whole line that a user sees for what cannot be trained.
    static let refusals: [(kind: Kind, text: String, error: TokenizerError, message: String)] = [
        (.char, "", .noTrainingText, "expected a text, found none; provide a text to train on"),
        (
            .bpe(vocabularySize: 340), "", .noTrainingText,
            "expected a text, found none; provide a text to train on"
        ),
        (
            .char, "é\u{2581}", .untrainableCharacter("\u{2581}", offset: 2),
            "expected text that SentencePiece can decode to, found U+2581 at byte 2; remove or replace it"
        ),
        (
            .bpe(vocabularySize: 340), "\0", .untrainableCharacter("\0", offset: 0),
            "expected text that SentencePiece can decode to, found U+0000 at byte 0; remove or replace it"
        ),
        (
            .bpe(vocabularySize: 262), "abc\n", .vocabularyTooSmall(size: 262, minimum: 263),
            "expected a vocabulary of at least 263 pieces for the characters of this text, found 262; "
                + "ask for more"
        ),
        (
            .bpe(vocabularySize: -1), "a", .vocabularyTooSmall(size: -1, minimum: 261),
            "expected a vocabulary of at least 261 pieces for the characters of this text, found -1; "
                + "ask for more"
        ),
        (
            .bpe(vocabularySize: 1000), "ab", .vocabularyTooLarge(size: 1000, maximum: 263),
            "expected a vocabulary of at most 263 pieces for this text, found 1000; "
                + "ask for fewer or provide more text"
        ),
        (
            .bpe(vocabularySize: .max), "ab", .vocabularyTooLarge(size: .max, maximum: 1 << 22),
            "expected a vocabulary of at most 4194304 pieces for this text, found 9223372036854775807; "
                + "ask for fewer or provide more text"
        ),
    ]

    @Test(arguments: refusals.indices)
    func saysWhyItCannotTrain(_ index: Int) throws {
        let (kind, text, expected, message) = Self.refusals[index]
        let error = #expect(throws: expected) { try SentencePieceTrainer(kind).train(on: text) }
        #expect(error?.description == "tokenizer training: " + message)
        #expect(error?.isMissingInput == false)
    }

    @Test func takesTheSmallestAndTheLargestVocabularyThatItNames() throws {
        #expect(try Self.train(.bpe(vocabularySize: 263), "abc\n").vocabularySize == 263)
        #expect(try Self.train(.bpe(vocabularySize: 263), "ab").vocabularySize == 263)
        #expect(try Self.train(.bpe(vocabularySize: 260), "\n").vocabularySize == 260)
    }

    @Test func leavesTheRarestCharactersToTheBytes() throws {
        let text = String(repeating: "ab ", count: 20_000) + "é"
        let model = try Self.train(.bpe(vocabularySize: 263), text)
        #expect(model.encode("é", addBOS: false) == [4 + 0xC3, 4 + 0xA9])
    }
}

/// The trainer on a text of the size that it is for.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct SentencePieceTrainerDataTests {
    func shakespeare() throws -> String {
        try String(contentsOf: TestData.url("data/tinyshakespeare.txt"), encoding: .utf8)
    }

    @Test func hasTheCharactersOfTinyShakespeare() throws {
        let text = try shakespeare()
        let model = try SentencePieceTrainerTests.train(.char, text)
        #expect(model.vocabularySize == 65 + 4)
        let ids = model.encode(text, addBOS: false)
        #expect(ids.count == text.unicodeScalars.count)
        #expect(model.decode(ids).utf8.elementsEqual(text.utf8))
    }

    @Test func learnsBytePairsOfTinyShakespeare() throws {
        let text = try shakespeare()
        let model = try SentencePieceTrainerTests.train(.bpe(vocabularySize: 1024), text)
        #expect(model.vocabularySize == 1024)
        let ids = model.encode(text, addBOS: false)
        #expect(ids.count < text.utf8.count / 2)
        #expect(model.decode(ids).utf8.elementsEqual(text.utf8))
    }
}
