import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// What a reference implementation made of a text, or of ids: one line of a `golden.jsonl`.
struct Golden: Decodable {
    /// Nil if only `ids` are decoded.
    let text: String?
    /// The ids of `text` without special tokens, or ids to decode.
    let ids: [Int32]
    /// The ids of `text` with all special tokens allowed; nil if that was not recorded.
    let idsWithSpecials: [Int32]?
    /// The text of `ids`.
    let decoded: String

    init(text: String?, ids: [Int32], decoded: String) {
        (self.text, self.ids, self.decoded) = (text, ids, decoded)
        idsWithSpecials = nil
    }

    private enum CodingKeys: String, CodingKey {
        case text, ids, decode, decoded, ids_specials, ids_specials_allowed
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        text = try values.decodeIfPresent(String.self, forKey: .text)
        ids = try values.decode([Int32].self, forKey: text == nil ? .decode : .ids)
        idsWithSpecials =
            try values.decodeIfPresent([Int32].self, forKey: .ids_specials)
            ?? values.decodeIfPresent([Int32].self, forKey: .ids_specials_allowed)
        decoded = try values.decode(String.self, forKey: .decoded)
    }

    /// The lines of a file.
    static func lines(_ url: URL) throws -> [Golden] {
        try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Golden.self, from: Data($0.utf8))
        }
    }
}

/// A tokenizer, and what its reference implementation made of texts.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let tokenizer: @Sendable () throws -> any Tokenizer
    let lines: @Sendable () throws -> [Golden]

    /// Fixtures of `tools/make_tokenizer_fixtures.py`: every style of `tokenizer.json` (Hugging Face's tokenizers), and a
    /// rank file (tiktoken); and of `tools/make_sentencepiece_fixtures.py`.
    static let fixtures: [GoldenCase] =
        huggingFaceNames.map { .fixture("HuggingFace/\($0).json", "HuggingFace/\($0)\(suffix)") }
        + [.fixture("Tiktoken/tiny.model", "Tiktoken/tiny\(suffix)")] + Fixture.allCases.map(GoldenCase.init)

    /// The fixtures of `tokenizer.json`, without the ending; none if the resources are missing, which a test checks.
    static let huggingFaceNames: [String] = {
        let folder = try? Fixtures.tokenizer("HuggingFace")
        let files = folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) }
        return (files ?? []).filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
            .sorted()
    }()

    private static let suffix = ".golden.jsonl"

    /// The tokenizers of Llama 2 (sentencepiece) and Llama 3 (tiktoken) in either format.
    static let shared: [GoldenCase] = ["llama2", "llama3"].flatMap { name in
        ["tokenizer.model", "tokenizer.json"].map { file in
            GoldenCase(testDescription: "\(name)/\(file)") {
                try loadTokenizer(at: TestData.path("tokenizers/\(name)/\(file)"))
            } lines: {
                try Golden.lines(TestData.url("tokenizers/\(name)/golden.jsonl"))
            }
        }
    }

    private static func fixture(_ tokenizer: String, _ golden: String) -> GoldenCase {
        GoldenCase(testDescription: tokenizer) {
            try loadTokenizer(at: Fixtures.tokenizer(tokenizer).path)
        } lines: {
            try Golden.lines(Fixtures.tokenizer(golden))
        }
    }
}

extension GoldenCase {
    private init(_ fixture: Fixture) {
        self.init(testDescription: fixture.rawValue) {
            try fixture.tokenizer
        } lines: {
            let expectation = try fixture.expectation
            return expectation.texts.map { Golden(text: $0.text, ids: $0.ids, decoded: $0.decoded) }
                + expectation.sequences.map { Golden(text: nil, ids: $0.ids, decoded: $0.decoded) }
        }
    }

    /// Checks the ids and the text of every line.
    func expectIDsAndTexts() throws {
        let tokenizer = try tokenizer()
        let lines = try lines()
        #expect(!lines.isEmpty)
        for line in lines {
            if let text = line.text {
                #expect(tokenizer.encode(text, addBOS: false) == line.ids, "\(text.debugDescription)")
            }
            if let text = line.text, let ids = line.idsWithSpecials {
                #expect(
                    tokenizer.encode(text, specials: .all, addBOS: false) == ids,
                    "\(text.debugDescription), specials")
            }
            #expect(Array(tokenizer.decode(line.ids).utf8) == Array(line.decoded.utf8), "\(line.ids)")
        }
    }

    /// Checks the streamed text of every line, with none, half or all of the ids as prompt.
    func expectStreamedTexts() throws {
        let tokenizer = try tokenizer()
        for line in try lines() {
            // Where a run of bytes is no text as a whole, a prompt's part of it may be.
            let isText = !line.decoded.contains("\u{FFFD}")
            for cut in isText ? Set([0, line.ids.count / 2, line.ids.count]) : [0] {
                var first = tokenizer.makeStreamingDecoder()
                let prompt = line.ids[..<cut].map { first.append($0) }.joined() + first.takeCharacters()
                var second = tokenizer.makeStreamingDecoder(prompt: Array(line.ids[..<cut]))
                let text = prompt + line.ids[cut...].map { second.append($0) }.joined() + second.finish()
                #expect(Array(text.utf8) == Array(line.decoded.utf8), "\(line.ids)")
            }
        }
    }
}

/// The stories that the reference completed with the story model.
struct Story: Decodable {
    let prompt: String
    let prompt_ids: [Int32]
    let completion_ids: [Int32]
    let text: String

    static func all() throws -> [Story] {
        let data = try Data(contentsOf: TestData.url("checkpoints/stories260K/golden.json"))
        return try JSONDecoder().decode([Story].self, from: data)
    }
}
