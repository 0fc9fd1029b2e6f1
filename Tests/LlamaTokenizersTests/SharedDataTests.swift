import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// The real vocabularies, against what sentencepiece's Python package and the story model's reference made.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct SharedDataTests {
    struct Golden: Decodable {
        let text: String
        let ids: [Int32]
        let decoded: String
        let ids_specials_allowed: [Int32]?
    }

    struct Story: Decodable {
        let prompt: String
        let prompt_ids: [Int32]
        let completion_ids: [Int32]
        let text: String
    }

    func llama2() throws -> SentencePieceTokenizer {
        try SentencePieceTokenizer(path: TestData.url("tokenizers/llama2/tokenizer.model").path)
    }

    @Test func hasEveryIDAndTextOfTheLlama2Golden() throws {
        let tokenizer = try llama2()
        let lines = try String(contentsOf: TestData.url("tokenizers/llama2/golden.jsonl"), encoding: .utf8)
        let golden = try lines.split(separator: "\n").map {
            try JSONDecoder().decode(Golden.self, from: Data($0.utf8))
        }
        #expect(golden.count > 200)
        for line in golden {
            #expect(tokenizer.encode(line.text, addBOS: false) == line.ids, "\(line.text.debugDescription)")
            #expect(Array(tokenizer.decode(line.ids).utf8) == Array(line.decoded.utf8), "\(line.ids)")
            if let allowed = line.ids_specials_allowed {
                #expect(tokenizer.encode(line.text, specials: .all, addBOS: false) == allowed)
            }
        }
    }

    @Test func streamsTheLlama2GoldenAfterAnyPrompt() throws {
        let tokenizer = try llama2()
        let data = try String(contentsOf: TestData.url("tokenizers/llama2/golden.jsonl"), encoding: .utf8)
        for line in data.split(separator: "\n") {
            let golden = try JSONDecoder().decode(Golden.self, from: Data(line.utf8))
            for cut in Set([0, golden.ids.count / 2, golden.ids.count]) {
                var first = tokenizer.makeStreamingDecoder()
                let prompt = golden.ids[..<cut].map { first.append($0) }.joined()
                var second = tokenizer.makeStreamingDecoder(prompt: Array(golden.ids[..<cut]))
                let text = prompt + golden.ids[cut...].map { second.append($0) }.joined() + second.finish()
                #expect(Array(text.utf8) == Array(golden.decoded.utf8), "\(golden.ids)")
            }
        }
    }

    @Test(arguments: ["tokenizers/llama2/tokenizer.model", "checkpoints/stories260K/tokenizer.model"])
    func agreesWithTheLibraryOnRandomIDs(_ path: String) throws {
        try expectAgreementOnRandomIDs(SentencePieceTokenizer(path: TestData.url(path).path), count: 10_000)
    }

    @Test func hasTheReservedTokensOfLlama2() throws {
        let tokenizer = try llama2()
        #expect(tokenizer.vocabularySize == 32_000)
        #expect(tokenizer.bosID == 1)
        #expect(tokenizer.eosID == 2)
        #expect(tokenizer.padID == nil)
        #expect(tokenizer.stopTokens == [2])
        let bos = tokenizer.encode("a<s>b", specials: .all, addBOS: false)
        #expect(bos == [263, 1, 289])
        #expect(tokenizer.encode("<s>", addBOS: false) == [529, 29879, 29958])
    }

    @Test func hasThePromptsAndTextsOfTheStoryModel() throws {
        let tokenizer = try loadTokenizer(at: TestData.url("checkpoints/stories260K/tokenizer.model").path)
        let data = try Data(contentsOf: TestData.url("checkpoints/stories260K/golden.json"))
        let stories = try JSONDecoder().decode([Story].self, from: data)
        #expect(stories.count == 5)
        for story in stories {
            #expect(tokenizer.encode(story.prompt, addBOS: true) == story.prompt_ids)
            #expect(tokenizer.decode(story.prompt_ids + story.completion_ids) == story.text)
        }
    }

    static let noTokenizers = [
        "checkpoints/stories260K/params.json", "checkpoints/stories260K/consolidated.00.pth",
        "checkpoints/stories260K/stories260K.bin", "checkpoints/micro-hf-f32/model.safetensors",
        "data/tinyshakespeare.txt", "README.md",
    ]

    @Test(arguments: noTokenizers)
    func refusesWhatIsNoTokenizer(_ path: String) throws {
        let file = try TestData.url(path).path
        let kind: TokenizerKind = path.hasSuffix(".json") ? .otherJSON : .unknown
        #expect(throws: TokenizerError.notATokenizer(file: file, kind: kind)) { try loadTokenizer(at: file) }
    }
}
