import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Llama 3's vocabulary.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct TiktokenSharedDataTests {
    static let tokenizer = Result {
        try TiktokenTokenizer(path: TestData.path("tokenizers/llama3/tokenizer.model"))
    }

    @Test func hasTheSpecialTokensOfLlama3() throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.vocabularySize == 128_256)
        #expect(tokenizer.bosID == 128_000)
        #expect(tokenizer.eosID == 128_001)
        #expect(tokenizer.padID == 128_004)
        #expect(tokenizer.stopTokens == [128_001, 128_008, 128_009])
        #expect(tokenizer.specialTokenName(128_010) == "<|python_tag|>")
        #expect(tokenizer.specialTokenName(128_255) == "<|reserved_special_token_247|>")
        let loaded = try loadTokenizer(at: TestData.path("tokenizers/llama3/tokenizer.model"))
        #expect(loaded.stopTokens == tokenizer.stopTokens)
    }
}
