import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// What transformers renders for generated conversations: the files of `tools/make_chat_fixtures.py`.
struct ChatFixture: Decodable {
    let template: String
    /// A small vocabulary of the tokenizer fixtures.
    let tokenizer: String
    /// The first conversations as text.
    let text: [String]
    /// Digests of the ids of the small vocabulary, eight digits each.
    let small: String
    /// Digests of the ids of the published vocabulary.
    let published: String?
    /// Templates that are spelled differently and render the same.
    let respelled: [String]
    /// Edits of the template after which it renders something else.
    let changed: [Edit]

    /// A stretch of scalars and what replaces it.
    struct Edit: Decodable {
        let offset: Int
        let length: Int
        let text: String

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            offset = try values.decode(Int.self)
            length = try values.decode(Int.self)
            text = try values.decode(String.self)
        }
    }

    static let names = ["llama2", "llama2-untrimmed", "llama3", "llama3.1", "llama3.2", "alpaca", "chatml"]

    init(_ name: String) throws {
        let data = try Data(contentsOf: Fixtures.folder.appending(path: "Chat/expected.json"))
        self = try #require(try JSONDecoder().decode([String: ChatFixture].self, from: data)[name])
    }

    /// The format that a fixture is about.
    static func format(_ name: String) throws -> ChatFormat {
        var format = try ChatFormat(named: name == "llama2-untrimmed" ? "llama2" : name)
        format.trimsSystem = name != "llama2-untrimmed"
        return format
    }

    /// Checks the ids of every conversation, whose digests are `digests`.
    static func expect(
        _ digests: String, _ name: String, _ tokenizer: any Tokenizer,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let source = try Conversation.Source()
        var encoder = try ChatEncoder(format(name), tokenizer)
        var different: [Int] = []
        for index in 0..<500 {
            let conversation = source.conversation(index)
            encoder.date = conversation.date
            let ids = try encoder.encode(
                conversation.messages, addsGenerationPrompt: conversation.addsGenerationPrompt)
            let start = digests.utf8.index(digests.startIndex, offsetBy: 8 * index)
            let expected = digests[start..<digests.utf8.index(start, offsetBy: 8)]
            if digest(ids) != expected { different.append(index) }
        }
        #expect(digests.utf8.count == 8 * 500, sourceLocation: location)
        #expect(different.isEmpty, "conversations of \(name)", sourceLocation: location)
    }

    /// FNV-1a of the ids, little-endian.
    static func digest(_ ids: [Int32]) -> String {
        var value: UInt32 = 0x811C_9DC5
        for id in ids {
            for shift in [0, 8, 16, 24] { value = (value ^ UInt32((id >> shift) & 0xFF)) &* 0x0100_0193 }
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// A conversation as the script generates it from its index.
struct Conversation {
    let messages: [ChatMessage]
    let addsGenerationPrompt: Bool
    let date: String

    /// The pieces of which conversations are made.
    struct Source: Decodable {
        let pieces: [String]
        let dates: [String]

        init() throws {
            let data = try Data(contentsOf: Fixtures.folder.appending(path: "Chat/pieces.json"))
            self = try JSONDecoder().decode(Source.self, from: data)
        }

        func conversation(_ index: Int) -> Conversation {
            var generator = SeededGenerator(seed: index)
            func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
            func text() -> String {
                (0..<below(6)).reduce(into: "") { text, _ in text += pieces[below(pieces.count)] }
            }
            var messages: [ChatMessage] = []
            if below(3) > 0 { messages.append(ChatMessage(.system, text())) }
            for _ in 0..<1 + below(6) {
                messages.append(ChatMessage(.user, text()))
                messages.append(ChatMessage(.assistant, text()))
            }
            let isAnswered = below(4) == 0
            if !isAnswered { messages.removeLast() }
            return Conversation(
                messages: messages, addsGenerationPrompt: !isAnswered && below(4) > 0,
                date: dates[below(dates.count)])
        }
    }
}

extension ChatSegment {
    /// The segment as the fixtures spell it.
    var spelledOut: String {
        switch self {
        case .text(let text): text
        case .control(let spelling): "<CONTROL \(spelling)>"
        case .bos: "<BOS>"
        case .eos: "<EOS>"
        }
    }
}

/// A small vocabulary of `tools/make_tokenizer_fixtures.py`.
func smallTokenizer(_ name: String) throws -> any Tokenizer {
    try loadTokenizer(at: Fixtures.tokenizer("HuggingFace/\(name).json").path)
}
