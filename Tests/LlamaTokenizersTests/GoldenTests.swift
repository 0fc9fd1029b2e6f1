import LlamaTestSupport
import Testing

/// Every tokenizer against its reference implementation.
@Suite struct GoldenTests {
    @Test func findsTheFixtures() {
        #expect(GoldenCase.fixtures.count > 24)
    }

    @Test(arguments: GoldenCase.fixtures)
    func hasEveryIDAndText(_ golden: GoldenCase) throws {
        try golden.expectIDsAndTexts()
    }

    @Test(arguments: GoldenCase.fixtures)
    func streamsTheSameText(_ golden: GoldenCase) throws {
        try golden.expectStreamedTexts()
    }
}

/// The vocabularies of Llama 2 and 3 against sentencepiece and tiktoken.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct SharedGoldenTests {
    @Test(arguments: GoldenCase.shared)
    func hasEveryIDAndText(_ golden: GoldenCase) throws {
        let lines = try golden.lines()
        #expect(lines.count > 200)
        try golden.expectIDsAndTexts()
    }

    @Test(arguments: GoldenCase.shared)
    func streamsTheSameText(_ golden: GoldenCase) throws {
        try golden.expectStreamedTexts()
    }
}
