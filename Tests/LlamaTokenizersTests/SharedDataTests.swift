import FoundationEssentials
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// The vocabularies of Llama 2 and of the story model.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct SharedDataTests {
    func llama2() throws -> SentencePieceTokenizer {
        try SentencePieceTokenizer(path: TestData.url("tokenizers/llama2/tokenizer.model").path)
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
        let stories = try Story.all()
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
    func refusesOtherFiles(_ path: String) throws {
        let file = try TestData.url(path).path
        let kind: TokenizerKind = path.hasSuffix(".json") ? .otherJSON : .unknown
        #expect(throws: TokenizerError.notATokenizer(file: file, kind: kind)) { try loadTokenizer(at: file) }
    }
}
