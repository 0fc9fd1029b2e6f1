import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

@Suite struct StreamingDecoderTests {
    @Test(arguments: Fixture.allCases)
    func agreesWithTheLibraryOnRandomIDs(_ fixture: Fixture) throws {
        try expectAgreementOnRandomIDs(fixture.tokenizer, count: 2_000)
    }

    @Test func holdsBytesUntilTheCharacterIsWhole() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        var decoder = tokenizer.makeStreamingDecoder()
        let outputs = "😀!".utf8.map { decoder.append(tokenizer.byteID($0)) }
        #expect(outputs == ["", "", "", "😀", "!"])
        #expect(decoder.finish() == "")
    }

    /// The characters of a prompt are its own, even where a run of bytes is held back as a whole.
    @Test(arguments: ["a🌊", "🌊", "é🌊ü"]) func aPromptsCharactersAreItsOwn(text: String) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var run = ByteRun(.wholeRun)
            _ = run.append(bytes[..<cut])
            _ = run.takeCharacters()
            let rest = run.append(bytes[cut...]) + run.finish()
            // What is left of the character that the cut is in, and the characters after it.
            let whole = text.unicodeScalars.reversed().reduce(into: (text: "", count: 0)) {
                guard bytes.count - $0.count > cut else { return }
                $0 = (String($1) + $0.text, $0.count + String($1).utf8.count)
            }
            #expect(rest == whole.text, "cut at \(cut)")
        }
    }

    /// Bytes, the texts that they give one by one, and what `finish` gives.
    static let byteRuns: [(bytes: [UInt8], outputs: [String], rest: String)] = [
        ([0xFF, 0x41], ["\u{FFFD}", "A"], ""),
        ([0xC0, 0x80], ["\u{FFFD}", "\u{FFFD}"], ""),
        ([0xE0, 0x80, 0x80], ["", "\u{FFFD}\u{FFFD}", "\u{FFFD}"], ""),
        ([0xED, 0xA0, 0x80], ["", "\u{FFFD}\u{FFFD}", "\u{FFFD}"], ""),
        ([0xF4, 0x90, 0x80], ["", "\u{FFFD}\u{FFFD}", "\u{FFFD}"], ""),
        ([0xF0, 0x9F, 0x98], ["", "", ""], "\u{FFFD}\u{FFFD}\u{FFFD}"),
        ([0xF0, 0x9F, 0x41], ["", "", "\u{FFFD}\u{FFFD}A"], ""),
        ([0xE2, 0x82, 0xC3, 0xA9], ["", "", "\u{FFFD}\u{FFFD}", "é"], ""),
        ([0x00, 0xEF, 0xBF, 0xBD], ["\0", "", "", "\u{FFFD}"], ""),
    ]

    @Test(arguments: byteRuns.indices)
    func replacesEachByteThatIsNoCharacter(_ index: Int) throws {
        let run = Self.byteRuns[index]
        let tokenizer = try Fixture.bpe.tokenizer
        let ids = run.bytes.map(tokenizer.byteID)
        var decoder = tokenizer.makeStreamingDecoder()
        #expect(ids.map { decoder.append($0) } == run.outputs)
        #expect(decoder.finish() == run.rest)
        #expect(tokenizer.processor.decode(ids) == Array((run.outputs.joined() + run.rest).utf8))
    }

    @Test func keepsTheSpaceBetweenPromptAndCompletion() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let prompt = tokenizer.encode("The engine", addBOS: true)
        let completion = tokenizer.encode("drives the text.", addBOS: false)
        var decoder = tokenizer.makeStreamingDecoder(prompt: prompt)
        let text = completion.map { decoder.append($0) }.joined() + decoder.finish()
        #expect(text == " drives the text.")
        #expect(tokenizer.decode(prompt) + text == tokenizer.decode(prompt + completion))
    }

    @Test func dropsTheFirstSpaceAfterAPromptWithoutText() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let bos = try #require(tokenizer.bosID)
        var decoder = tokenizer.makeStreamingDecoder(prompt: [bos])
        #expect(tokenizer.encode("the", addBOS: false).map { decoder.append($0) }.joined() == "the")
    }

    @Test func continuesACharacterThatThePromptBegan() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let bytes = "é".utf8.map(tokenizer.byteID)
        var decoder = tokenizer.makeStreamingDecoder(prompt: [bytes[0]])
        #expect(decoder.append(bytes[1]) == "é")
    }

    @Test func splitsAnywhereWithoutChangingTheText() throws {
        let tokenizer = try Fixture.bpe.tokenizer
        let ids = tokenizer.encode("  Où? 😀 naïve [INST]  ", addBOS: true)
        let whole = tokenizer.decode(ids)
        for cut in 0...ids.count {
            var first = tokenizer.makeStreamingDecoder()
            let prompt = ids[..<cut].map { first.append($0) }.joined() + first.takeCharacters()
            var second = tokenizer.makeStreamingDecoder(prompt: Array(ids[..<cut]))
            #expect(prompt + ids[cut...].map { second.append($0) }.joined() + second.finish() == whole)
        }
    }
}

/// Streaming, `decode` and the library's own decoder give the same bytes for random sequences; bytes and the
/// pieces at the low ids, where the odd kinds are, come up more often than the rest.
func expectAgreementOnRandomIDs(_ tokenizer: SentencePieceTokenizer, count: Int, seed: UInt64 = 7) throws {
    var random = SeededGenerator(state: seed)
    let size = Int32(tokenizer.vocabularySize)
    let low = min(size, 262)
    for _ in 0..<count {
        let ids = (0..<Int.random(in: 1...16, using: &random)).map { _ in
            Int32.random(in: 0..<(Bool.random(using: &random) ? low : size), using: &random)
        }
        let library = try #require(tokenizer.processor.decode(ids))
        var decoder = tokenizer.makeStreamingDecoder()
        var streamed: [UInt8] = []
        for id in ids { streamed += Array(decoder.append(id).utf8) }
        streamed += Array(decoder.finish().utf8)
        guard streamed == library, Array(tokenizer.decode(ids).utf8) == library else {
            Issue.record("\(ids): \(streamed) is not \(library)")
            return
        }
    }
}

extension SentencePieceTokenizer {
    /// The id of a byte token; the fixture's begin at 4, Llama 2's at 3.
    func byteID(_ byte: UInt8) -> Int32 {
        (0..<Int32(vocabularySize)).first { kind(of: $0) == .byte && bytes(of: $0) == [byte] } ?? 0
    }
}
