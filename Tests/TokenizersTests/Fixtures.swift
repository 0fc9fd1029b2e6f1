import Foundation
import Testing

@testable import Tokenizers

/// The models that `tools/make_sentencepiece_fixtures.py` wrote, and what the reference makes of them.
enum Fixture: String, CaseIterable, CustomTestStringConvertible {
    case bpe = "bpe.model"
    case char = "char.model"
    case unigram = "unigram.model"

    struct Expectation: Decodable {
        struct Text: Decodable {
            let text: String
            let ids: [Int32]
            let decoded: String
        }

        struct Sequence: Decodable {
            let ids: [Int32]
            let decoded: String
        }

        let vocabulary_size: Int
        let bos: Int32
        let eos: Int32
        let pad: Int32
        let texts: [Text]
        let sequences: [Sequence]
    }

    var testDescription: String { rawValue }

    static var folder: URL {
        get throws {
            try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        }
    }

    var path: String {
        get throws { try Self.folder.appending(path: rawValue).path }
    }

    var bytes: [UInt8] {
        get throws { Array(try Data(contentsOf: Self.folder.appending(path: rawValue))) }
    }

    var tokenizer: SentencePieceTokenizer {
        get throws { try SentencePieceTokenizer(path: path) }
    }

    var expectation: Expectation {
        get throws {
            let data = try Data(contentsOf: Self.folder.appending(path: "expected.json"))
            return try #require(try JSONDecoder().decode([String: Expectation].self, from: data)[rawValue])
        }
    }
}

/// The shared test data, where there is any.
enum TestData {
    static let environment = ProcessInfo.processInfo.environment
    static let folder = environment["LLAMA_TEST_DATA"].map { URL(filePath: $0) }

    /// Whether suites that need the data run: with `LLAMA_REQUIRE_TEST_DATA=1` they do, and fail without it.
    static let isWanted = folder != nil || environment["LLAMA_REQUIRE_TEST_DATA"] == "1"

    static func url(_ path: String) throws -> URL {
        try #require(folder, "LLAMA_TEST_DATA is not set").appending(path: path)
    }
}

/// A seeded generator (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A file in the temporary folder, gone after `body`.
func withTemporaryFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
}
