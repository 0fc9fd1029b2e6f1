import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

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

    var path: String {
        get throws { try Fixtures.tokenizer(rawValue).path }
    }

    var bytes: [UInt8] {
        get throws { Array(try Data(contentsOf: Fixtures.tokenizer(rawValue))) }
    }

    var tokenizer: SentencePieceTokenizer {
        get throws { try SentencePieceTokenizer(path: path) }
    }

    var expectation: Expectation {
        get throws {
            let data = try Data(contentsOf: Fixtures.tokenizer("expected.json"))
            return try #require(try JSONDecoder().decode([String: Expectation].self, from: data)[rawValue])
        }
    }
}
