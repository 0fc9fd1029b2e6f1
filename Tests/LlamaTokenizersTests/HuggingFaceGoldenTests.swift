import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Every style of `tokenizer.json`, against what Hugging Face's tokenizers made of it
/// (`tools/make_tokenizer_fixtures.py`).
@Suite struct HuggingFaceGoldenTests {
    struct Golden: Decodable {
        /// Absent where only `decode` is tried.
        let text: String?
        let ids: [Int32]?
        let ids_specials: [Int32]?
        let decode: [Int32]?
        let decoded: String
    }

    static let folder = (try? Fixtures.tokenizer("HuggingFace")) ?? URL(filePath: "/missing")
    static let names =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".golden.jsonl") }.map { String($0.dropLast(".golden.jsonl".count)) }.sorted()

    static func golden(_ name: String) throws -> [Golden] {
        let lines = try String(contentsOf: folder.appending(path: "\(name).golden.jsonl"), encoding: .utf8)
        return try lines.split(separator: "\n").map {
            try JSONDecoder().decode(Golden.self, from: Data($0.utf8))
        }
    }

    @Test func findsTheFixtures() {
        #expect(Self.names.count > 20)
    }

    @Test(arguments: names)
    func hasEveryIDAndText(_ name: String) throws {
        let tokenizer = try HuggingFaceTokenizer(path: Self.folder.appending(path: "\(name).json").path)
        for golden in try Self.golden(name) {
            if let text = golden.text {
                #expect(
                    tokenizer.encode(text, addBOS: false) == golden.ids, "\(text.debugDescription)")
                #expect(
                    tokenizer.encode(text, specials: .all, addBOS: false) == golden.ids_specials,
                    "\(text.debugDescription), specials")
            }
            let ids = try #require(golden.decode ?? golden.ids)
            #expect(Array(tokenizer.decode(ids).utf8) == Array(golden.decoded.utf8), "\(ids)")
        }
    }

    @Test(arguments: names)
    func streamsTheSameText(_ name: String) throws {
        let tokenizer = try HuggingFaceTokenizer(path: Self.folder.appending(path: "\(name).json").path)
        for golden in try Self.golden(name).prefix(40) {
            let ids = try #require(golden.decode ?? golden.ids)
            var decoder = tokenizer.makeStreamingDecoder()
            let text = ids.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(Array(text.utf8) == Array(golden.decoded.utf8), "\(ids)")
        }
    }
}
