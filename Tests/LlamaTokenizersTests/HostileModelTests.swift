import FoundationEssentials
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Models that lie: each gives a typed error or a tokenizer that works, and never ends the process.
@Suite struct HostileModelTests {
    /// Loads, and if that succeeds uses, a model.
    @discardableResult
    static func exercise(_ bytes: [UInt8]) throws -> Bool {
        guard let tokenizer = try? SentencePieceTokenizer(bytes: bytes) else { return false }
        let text = "Once upon ﬁ… a\0time 😀 あ[INST] the  <s> 12"
        let ids = tokenizer.encode(text, specials: .all, addBOS: true)
        let library = try #require(tokenizer.processor.decode(ids))
        #expect(Array(tokenizer.decode(ids).utf8) == library)
        return true
    }

    @Test(arguments: Fixture.allCases)
    func survivesTruncationAtEveryLength(_ fixture: Fixture) throws {
        let bytes = try fixture.bytes
        for length in bytes.indices {
            #expect(try !Self.exercise(Array(bytes[..<length])), "\(length) of \(bytes.count) bytes")
        }
    }

    @Test(arguments: Fixture.allCases)
    func survivesRandomChanges(_ fixture: Fixture) throws {
        try Self.mutate(fixture.bytes, times: 1_000, seed: 11)
    }

    @Test(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
    func survivesDamageToTheStoryModel() throws {
        let url = try TestData.url("checkpoints/stories260K/tokenizer.model")
        let bytes = try TokenizerFile(path: url.path).bytes
        for length in bytes.indices {
            #expect(try !Self.exercise(Array(bytes[..<length])), "\(length) of \(bytes.count) bytes")
        }
        try Self.mutate(bytes, times: 1_000, seed: 12)
    }

    static func mutate(_ bytes: [UInt8], times: Int, seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        for _ in 0..<times {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            try exercise(damaged)
        }
    }

    /// A model and what the error says is wrong with it.
    static let models: [(bytes: [UInt8], what: String)] = [
        ([], "there are no pieces"),
        ([0x0A], "a number is cut off"),
        ([0x0A, 0x80], "a number is cut off"),
        ([0x0A] + [UInt8](repeating: 0xFF, count: 11), "a number is longer than 10 bytes"),
        ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "a field of 4294967295 bytes has only 0 bytes left"),
        (
            [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [0x01],
            "a field of 18446744073709551615 bytes has only 0 bytes left"
        ),
        ([0x0B], "no field has wire type 3"),
        ([0x00, 0x00], "no field has number 0"),
        ([0x08, 0x01], "field 1 is not bytes"),
        (Proto.piece(""), "piece 0 has no text"),
        (Proto.piece("a") + Proto.bytes(1, Proto.bytes(1, [0xFF])), "piece 1 is not UTF-8"),
        (Proto.piece("a"), "the settings after the pieces are missing"),
        (Proto.piece("a\0b"), "piece 0 has a NUL character"),
        (Proto.bytes(1, Proto.bytes(1, [0x61]) + [0x18, 0x09]), "piece 0 has the unknown type 9"),
        (Proto.piece("<0x0G>", kind: .byte), "piece 0 does not name a byte"),
        (Proto.piece("a") + Proto.bytes(2, [0x18, 0x09]), "the model has the unknown type 9"),
        (
            Proto.bytes(1, Proto.bytes(1, [0x61]) + [0x15, 0, 0, 0xC0, 0x7F]),
            "the score of piece 0 is not a number"
        ),
        (
            Proto.piece("a") + Proto.bytes(5, Proto.bytes(2, [0])),
            "normalization of decoded text is not supported"
        ),
        (
            (1...65).flatMap { Proto.piece(String(repeating: "x", count: $0), kind: .userDefined) },
            "more than 64 user-defined pieces begin with one another"
        ),
        (Proto.rules([1, 2]), "the normalization rules are damaged: 2 bytes are too few"),
        (
            Proto.rules([0, 0, 0, 1, 0]),
            "the normalization rules are damaged: a search tree of 16777216 bytes in 5"
        ),
        (Proto.rules(trie: [0: 0], replacements: [0x61]), damagedText),
        (Proto.rules(trie: [0: 0], replacements: [0xFF, 0]), damagedText),
        (
            Proto.rules(trie: [0: 0], replacements: [UInt8](repeating: 0x61, count: 4097) + [0]),
            "the normalization rules are damaged: a replacement is longer than 4096 bytes"
        ),
        // The root's children lie beyond the array.
        (
            Proto.rules(trie: [0: 1 << 18]),
            "the normalization rules are damaged: the search tree leads outside itself"
        ),
        // 'a' below the root has a value, beyond the one replacement.
        (
            Proto.rules(trie: [0: 1 << 10, 0x60: 0x161, 1: 0, 0x61: 9]),
            "the normalization rules are damaged: a rule has no replacement"
        ),
    ]

    static let damagedText =
        "the normalization rules are damaged: the replacements are not NUL-terminated UTF-8"

    @Test(arguments: models.indices)
    func namesTheDamage(_ index: Int) throws {
        let (bytes, expected) = Self.models[index]
        let error = #expect(throws: TokenizerError.self) {
            try SentencePieceTokenizer(bytes: bytes, file: "f")
        }
        guard case .malformed(file: "f", let what, let offset) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(what == expected)
        #expect((0...bytes.count).contains(offset))
    }

    @Test func refusesASearchTreeThatIsACircle() {
        // The children of 'A' are those of the root again, so 'A' is its own child.
        var trie: [Int: UInt32] = [0: 0]
        trie[0x41] = 0x41 | UInt32(0x41) << 10
        let error = #expect(throws: TokenizerError.self) {
            try SentencePieceTokenizer(bytes: Proto.rules(trie: trie), file: "f")
        }
        #expect(error?.description.contains("the search tree has a cycle") == true)
    }

    @Test func passesOnTheLibrarysReason() {
        let error = #expect(throws: TokenizerError.self) {
            try SentencePieceTokenizer(bytes: Proto.piece("a") + Proto.settings, file: "f")
        }
        guard case .rejected(file: "f", let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("unk"))
    }
}

/// Writes protobuf by hand.
enum Proto {
    static func bytes(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length = content.count
        var result = [field << 3 | 2]
        while length >= 0x80 {
            result.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        return result + [UInt8(length)] + content
    }

    static func piece(_ text: String, kind: TokenKind = .normal) -> [UInt8] {
        bytes(1, bytes(1, Array(text.utf8)) + [0x18, kind.rawValue])
    }

    /// An empty trainer specification and an empty normalizer specification.
    static let settings = bytes(2, []) + bytes(3, [])

    /// A model with one piece and these normalisation rules.
    static func rules(_ blob: [UInt8]) -> [UInt8] {
        piece("a") + bytes(3, bytes(2, blob))
    }

    /// A double array of 256 units, those not given filled with a label that no byte has.
    static func rules(trie units: [Int: UInt32], replacements: [UInt8] = [0]) -> [UInt8] {
        let words = [UInt32(1024)] + (0..<256).map { units[$0] ?? 0x8000_0000 }
        return rules(words.flatMap { word in (0..<4).map { UInt8(word >> ($0 * 8) & 0xFF) } } + replacements)
    }
}
