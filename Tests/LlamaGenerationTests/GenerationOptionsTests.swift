import Foundation
import LlamaTestSupport
import LlamaTokenizers
import Testing

@testable import LlamaGeneration

/// Values of a request that contradict one another, or the model.
struct GenerationOptionsTests {
    private func message(_ change: (inout GenerationOptions) -> Void) -> String? {
        var options = GenerationOptions(maxSequenceLength: 100)
        change(&options)
        do throws(OptionError) {
            try options.validate(vocabularySize: 10, hasTokenizer: true)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func refusesAndNamesTheOption() {
        #expect(message { $0.logprobs = -1 } == "logprobs: expected 0 to 1000, found -1")
        #expect(message { $0.logprobs = 1001 } == "logprobs: expected 0 to 1000, found 1001")
        let beams = message { ($0.logprobs, $0.candidates.beams) = (2, 2) }
        #expect(beams == "logprobs: expected none with beams, which have a score instead, found 2")
        #expect(message { $0.lookupDrafts = 257 } == "draft_tokens: expected 1 to 256, found 257")
        #expect(message { $0.modelDrafts = -1 } == "draft_tokens: expected 1 to 256, found -1")
        let stop = message { $0.stopTokens = [3, 10, 11] }
        #expect(stop == "stop_token_ids: expected token ids from 0 to 9, found 10")
        #expect(message { ($0.logprobs, $0.lookupDrafts, $0.stopTokens) = (1000, 256, [0, 9]) } == nil)
    }

    @Test func refusesAStopStringThatNoCompletionCanContain() throws {
        let tokenizer = try loadTokenizer(at: Fixtures.tokenizer("bpe.model").path)
        let longest = try #require(
            (0..<Int32(tokenizer.vocabularySize)).map { tokenizer.bytes(of: $0).count }.max())
        #expect(longest > 1)
        func check(_ bytes: Int, _ tokens: Int, _ tokenizer: (any Tokenizer)?) throws(OptionError) {
            var options = GenerationOptions(maxSequenceLength: 100)
            options.maxGenerationLength = tokens
            options.stopStrings = ["x", String(repeating: "x", count: bytes)]
            try options.validateStopLengths(tokenizer)
        }
        try check(3 * longest, 3, tokenizer)
        let error = #expect(throws: OptionError.self) { try check(3 * longest + 1, 3, tokenizer) }
        #expect(
            error?.description
                == "stop: expected at most \(3 * longest) bytes, as no completion is longer, found \(3 * longest + 1)"
        )
        // Nothing is generated, or nothing is known of the text.
        try check(100, 0, tokenizer)
        try check(10_000, 3, nil)
    }

    @Test(arguments: ["bpe.model", "char.model"])
    func encodesBadWordsAtTheBeginningOfAWordAndInside(name: String) throws {
        let tokenizer = try loadTokenizer(at: Fixtures.tokenizer(name).path)
        func texts(_ words: [BadWord]) throws -> [String] {
            try BadWord.sequences(words, tokenizer).map { ids in
                String(decoding: ids.flatMap(tokenizer.bytes(of:)), as: UTF8.self)
            }
        }
        #expect(try texts([.text("the"), .text("in")]) == [" the", "the", " in", "in"])
        #expect(try texts([.text("  the")]) == [" the", "the"])
        #expect(try BadWord.sequences([.ids([5, 6]), .ids([7])], tokenizer) == [[5, 6], [7]])
    }

    @Test func encodesBadWordsAsATextContinues() throws {
        let tokenizer = try loadTokenizer(at: Fixtures.tokenizer("bpe.model").path)
        let spellings = try BadWord.sequences([.text("the")], tokenizer)
        let beginning = try #require(spellings.first)
        let inside = try #require(spellings.last)
        #expect(tokenizer.encode("in the", addBOS: false).suffix(beginning.count) == beginning[...])
        #expect(beginning != inside)
        #expect(try BadWord.sequences([.text(" ")], tokenizer).map(\.count) == [1])
    }

    @Test func refusesBadWordsThatCannotBeEncoded() throws {
        let tokenizer = try loadTokenizer(at: Fixtures.tokenizer("bpe.model").path)
        func message(_ words: [BadWord], _ tokenizer: (any Tokenizer)?) -> String? {
            do throws(OptionError) {
                _ = try BadWord.sequences(words, tokenizer)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(
            message([.text("a"), .text("")], tokenizer)
                == "bad_words: expected text, found none in entry 1")
        #expect(
            message([.ids([])], tokenizer)
                == "bad_words: expected at least one token each, found none in entry 0")
        // Its normalization removes spaces at the end.
        let characters = try loadTokenizer(at: Fixtures.tokenizer("char.model").path)
        #expect(message([.text(" ")], characters) == "bad_words: expected text that has tokens, found \" \"")
        #expect(
            message([.ids([1]), .text("a")], nil)
                == "bad_words: expected token ids, as there is no tokenizer, found \"a\"")
    }
}
