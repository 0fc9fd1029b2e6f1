import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// The `tokenizer.json` of Llama 2 and 3 against the `tokenizer.model` of the same vocabularies.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct HuggingFaceSharedDataTests {
    static let tokenizers = ["llama2", "llama3"].reduce(into: [:]) { tokenizers, name in
        tokenizers[name] = Result {
            try HuggingFaceTokenizer(path: TestData.path("tokenizers/\(name)/tokenizer.json"))
        }
    }

    @Test func hasTheSpecialTokensOfLlama2() throws {
        let tokenizer = try #require(Self.tokenizers["llama2"]).get()
        #expect(tokenizer.vocabularySize == 32_000)
        #expect((tokenizer.bosID, tokenizer.eosID, tokenizer.padID) == (1, 2, nil))
        #expect(tokenizer.addsBOS)
        #expect(tokenizer.stopTokens == [2])
        #expect(tokenizer.kind(of: 0) == .unknown)
        #expect(tokenizer.kind(of: 1) == .control)
        #expect(tokenizer.kind(of: 13) == .byte)
        #expect(tokenizer.spelling(of: 13) == Array("<0x0A>".utf8))
    }

    @Test func hasTheSpecialTokensOfLlama3() throws {
        let tokenizer = try #require(Self.tokenizers["llama3"]).get()
        #expect(tokenizer.vocabularySize == 128_256)
        #expect((tokenizer.bosID, tokenizer.eosID) == (128_000, 128_001))
        #expect(tokenizer.addsBOS)
        #expect(tokenizer.spelling(of: 128_009) == Array("<|eot_id|>".utf8))
    }

    @Test(arguments: [("llama2", "tokenizer.model"), ("llama3", "tokenizer.model")])
    func hasTheTokensOfTheOtherFile(_ name: String, _ other: String) throws {
        let tokenizer = try #require(Self.tokenizers[name]).get()
        let model = try loadTokenizer(at: TestData.path("tokenizers/\(name)/\(other)"))
        #expect(tokenizer.vocabularySize == model.vocabularySize)
        for id in 0..<Int32(model.vocabularySize) where model.kind(of: id) != .unknown {
            #expect(tokenizer.bytes(of: id) == model.bytes(of: id), "\(id)")
            #expect(tokenizer.kind(of: id) == model.kind(of: id), "\(id)")
        }
    }
}
