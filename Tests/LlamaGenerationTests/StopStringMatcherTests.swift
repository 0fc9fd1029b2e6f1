import LlamaTestSupport
import Testing

@testable import LlamaGeneration

struct StopStringMatcherTests {
    /// What is shown of pieces of text, and which stop string ended it.
    static func run(_ stops: [String], _ pieces: [String]) -> (shown: [String], match: Int?) {
        var matcher = StopStringMatcher(stops)
        var shown = pieces.map { matcher.append($0) }
        shown.append(matcher.finish())
        #expect(matcher.heldBackBytes == 0)
        return (shown, matcher.match)
    }

    @Test(
        arguments: [
            (["END"], ["some ", "EN", "D and more", "!"], ["some ", "", "", "", ""], 0),
            (["END"], ["some E", "N", "d"], ["some ", "", "ENd", ""], nil),
            (["END"], ["an EEN", "D"], ["an E", "", ""], 0),
            (["END"], ["an E", "N"], ["an ", "", "EN"], nil),
            ([], ["any", ""], ["any", "", ""], nil),
            ([""], ["any"], ["any", ""], nil),
            (["aab"], ["aaa", "ab", "aab"], ["a", "a", "", ""], 0),
            (["abab", "ba"], ["a", "b", "a", "b"], ["", "", "a", "", ""], 1),
        ] as [([String], [String], [String], Int?)])
    func holdsBackWhatMayBeAStopString(stops: [String], pieces: [String], shown: [String], match: Int?) {
        let result = Self.run(stops, pieces)
        #expect(result.match == match)
        #expect(result.shown == shown)
    }

    @Test func showsTextAsSoonAsItIsCertain() {
        var matcher = StopStringMatcher(["\n\nUser:", "\n\n\n"])
        #expect(matcher.append("Hello\n") == "Hello")
        #expect(matcher.heldBackBytes == 1)
        #expect(matcher.append("\n") == "")
        #expect(matcher.append("Us") == "")
        #expect(matcher.heldBackBytes == 4)
        #expect(matcher.append("e it\n") == "\n\nUse it")
        #expect(matcher.append("\n\n\n") == "")
        #expect(matcher.match == 1)
        #expect(matcher.heldBackBytes == 0)
        #expect(matcher.append("more") == "")
        #expect(matcher.finish() == "")
    }

    @Test func theMatchThatIsCompleteFirstWins() {
        // "bc" is complete before "abcd" can be; both "bcd" and "abcd" are complete with the d.
        #expect(Self.run(["abcd", "bc"], ["xabcd"]) == (["xa", ""], 1))
        #expect(Self.run(["bcd", "abcd"], ["xabcd"]) == (["x", ""], 1))
        #expect(Self.run(["abcd", "bcd"], ["xabcd"]) == (["x", ""], 0))
        #expect(Self.run(["d", "d"], ["d"]) == (["", ""], 0))
    }

    @Test func comparesBytesOfUTF8() {
        // "e" and a combining accent are one character to Swift, but "e" is a stop string all the same.
        #expect(Self.run(["e"], ["caf", "e\u{301}!"]).shown.joined() == "caf")
        #expect(Self.run(["\u{301}"], ["cafe\u{301}!"]).shown.joined() == "cafe")
        // The composed letter is of other bytes, of which the first is that of the stop string.
        #expect(Self.run(["é"], ["caf", "è", "!"]).shown == ["caf", "è", "!", ""])
        #expect(Self.run(["👩‍🚀"], ["a 👩", "\u{200D}", "🚀 b"]).shown == ["a ", "", "", ""])
        #expect(Self.run(["👩‍🚀"], ["a 👩", "\u{200D}", "🔬"]).shown.joined() == "a 👩‍🔬")
        #expect(Self.run(["\r"], ["a\r\nb"]).shown.joined() == "a")
    }

    @Test func aStopStringLongerThanTheTextEndsNothing() {
        let stop = String(repeating: "ab", count: 50_000)
        var matcher = StopStringMatcher([stop])
        #expect(matcher.append("xabab") == "x")
        #expect(matcher.heldBackBytes == 4)
        #expect(matcher.finish() == "abab")
        #expect(matcher.match == nil)
    }

    @Test func refusesAnEmptyStopString() throws {
        var options = GenerationOptions(maxSequenceLength: 10)
        options.stopStrings = ["a", " "]
        try options.validate(vocabularySize: 10, hasTokenizer: true)
        options.stopStrings = ["a", ""]
        let error = #expect(throws: OptionError.self) {
            try options.validate(vocabularySize: 10, hasTokenizer: true)
        }
        #expect(error?.description == "stop: expected text, found none in entry 1")
    }

    @Test func agreesWithANaiveSearchHoweverTheTextIsCut() {
        var random = SeededGenerator(state: 21)
        // Few letters, so that there are many overlaps; one of two bytes, one of four.
        let letters = ["a", "b", "é", "𝄞"]
        func text(_ lengths: ClosedRange<Int>) -> String {
            let length = Int.random(in: lengths, using: &random)
            return (0..<length).map { _ in letters[Int.random(in: 0..<4, using: &random)] }.joined()
        }
        var matches = 0
        for _ in 0..<3_000 {
            let stops = (0..<Int.random(in: 1...4, using: &random)).map { _ in text(1...5) }
            let whole = text(0...20)
            var pieces: [String] = []
            for scalar in whole.unicodeScalars {
                if pieces.isEmpty || Bool.random(using: &random) { pieces.append("") }
                pieces[pieces.count - 1].unicodeScalars.append(scalar)
            }
            let expected = Self.naive(stops, whole)
            let result = Self.run(stops, pieces)
            #expect(result.match == expected.match)
            #expect(result.shown.joined() == expected.shown)
            matches += result.match == nil ? 0 : 1
            // Nothing is held back that no stop string begins with.
            var matcher = StopStringMatcher(stops)
            for piece in pieces {
                let before = matcher.heldBackBytes
                let shown = matcher.append(piece)
                guard matcher.match == nil else { break }
                #expect(before + piece.utf8.count == shown.utf8.count + matcher.heldBackBytes)
                #expect(matcher.heldBackBytes <= stops.map { $0.utf8.count - 1 }.max() ?? 0)
            }
        }
        #expect(matches > 500 && matches < 2_900)
    }

    /// Tries every end, and of the stop strings that end there the longest.
    private static func naive(_ stops: [String], _ text: String) -> (shown: String, match: Int?) {
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            let found = stops.indices.filter {
                bytes[..<end].suffix(stops[$0].utf8.count).elementsEqual(stops[$0].utf8)
            }
            guard let longest = found.max(by: { stops[$0].utf8.count < stops[$1].utf8.count }) else {
                continue
            }
            let match = found.first { stops[$0] == stops[longest] }
            return (String(decoding: bytes[..<(end - stops[longest].utf8.count)], as: UTF8.self), match)
        }
        return (text, nil)
    }
}
