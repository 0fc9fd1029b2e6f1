import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Rank files that lie: each gives a typed error with its line.
@Suite struct HostileRankFileTests {
    static let bytes: [[UInt8]] = (0...255).map { [$0] }

    /// What follows the 256 bytes, what is wrong, and in which line.
    static let files: [(lines: String, what: String, line: Int)] = [
        ("YWI= 255\n", "rank 255 is out of order: expected 256", 257),
        ("YWI= 257\n", "rank 257 is out of order: expected 256", 257),
        ("YWI= 256\nYWI= 257\n", "it repeats the token of rank 256", 258),
        ("YWJj 256\nYWJj 257\n", "it repeats the token of rank 256", 258),
        ("QQ== 256\n", "it repeats the token of rank 65", 257),
        ("YWI= -1\n", "the rank is not a number", 257),
        ("YWI= 99999999999999999999\n", "the rank is not a number", 257),
        ("YWI= 999999999\n", "rank 999999999 is out of order: expected 256", 257),
        ("YWI= \n", "the rank is not a number", 257),
        ("YWI=\n", "it has no rank", 257),
        ("YWI", "it has no rank", 257),
        ("YWI= 25", "rank 25 is out of order: expected 256", 257),
        ("\n", "it is empty", 257),
        (" 256\n", "the token is empty", 257),
        ("YWI 256\n", "the token is not base64", 257),
        ("Y=I= 256\n", "the token is not base64", 257),
        ("==== 256\n", "the token is not base64", 257),
        ("YWJ= 256\n", "the token is not base64", 257),
        ("YW*= 256\n", "the token is not base64", 257),
        ("YWI= 256 7\n", "the rank is not a number", 257),
    ]

    @Test(arguments: files.indices)
    func namesTheLineThatIsWrong(_ index: Int) {
        let (lines, what, line) = Self.files[index]
        let error = TokenizerError.malformedRanks(file: "ranks", what: what, line: line)
        #expect(throws: error) {
            try TiktokenTokenizer(bytes: rankFile(Self.bytes) + Array(lines.utf8), file: "ranks")
        }
    }

    @Test func wantsEveryByte() {
        let error = TokenizerError.malformedRanks(
            file: "ranks", what: "there is no token for the byte 0x7F", line: 255)
        #expect(throws: error) {
            try TiktokenTokenizer(bytes: rankFile(Self.bytes.filter { $0 != [0x7F] }), file: "ranks")
        }
        #expect(error.description.contains("in line 255: there is no token"))
        #expect(throws: TokenizerError.self) { try TiktokenTokenizer(bytes: []) }
    }

    @Test func refusesATokenOfAnyLength() {
        let long = [UInt8](repeating: 0x61, count: 100_000)
        #expect(throws: TokenizerError.self) { try TiktokenTokenizer(bytes: rankFile(Self.bytes + [long])) }
    }

    @Test func takesALastLineWithoutAnEndAndOtherLineEnds() throws {
        let file = rankFile(Self.bytes + [[0x61, 0x62]])
        #expect(try TiktokenTokenizer(bytes: file.dropLast()).vocabularySize == 257 + 256)
        let windows = file.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
        #expect(try TiktokenTokenizer(bytes: windows).vocabularySize == 257 + 256)
    }

    @Test func survivesTruncationAndRandomChanges() throws {
        let file = rankFile(Self.bytes + ["ab", "abc", "the"].map { Array($0.utf8) })
        for length in file.indices { _ = try? TiktokenTokenizer(bytes: Array(file[..<length])) }
        var random = SeededGenerator(state: 9)
        for _ in 0..<500 {
            var changed = file
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: changed.indices, using: &random)
                changed[place] = UInt8.random(in: 0...255, using: &random)
            }
            guard let tokenizer = try? TiktokenTokenizer(bytes: changed) else { continue }
            let text = "the abc é😀"
            #expect(tokenizer.decode(tokenizer.encode(text, addBOS: true)) == text)
        }
    }
}
