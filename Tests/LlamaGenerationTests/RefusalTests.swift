import LlamaCheckpoints
import LlamaKernels
import LlamaModel
import Testing
import LlamaTokenizers

@testable import LlamaGeneration

/// What cannot be completed is refused before anything is begun, with a line for a person.
struct RefusalTests {
    @Test(arguments: [
        (Prompt.ids(1, 96), "test: expected token ids below 96, found 96"),
        (.ids(-1), "test: expected token ids below 96, found -1"),
        (.ids(.max), "test: expected token ids below 96, found 2147483647"),
        (.ids(), "test: expected at least one token id, found none"),
        (
            .ids(1, 2, 3, 4, 5, 6, 7, 8, 9),
            "test: expected at most 8 tokens, found 9; shorten it or raise --max-seq-len"
        ),
        (
            .text("123456789"),
            "test: expected at most 8 tokens, found 11; shorten it or raise --max-seq-len"
        ),
    ])
    func refusesAPromptAmongGoodOnes(prompt: Prompt, message: String) throws {
        let model = try TestModel.fixture()
        var isBegun = false
        let error = #expect(throws: GenerationError.self) {
            try model.complete([.ids(1), prompt, .ids(2)], .test(2, sequence: 8)) { _ in
                isBegun = true
                return false
            }
        }
        #expect(error?.description == message)
        #expect(!isBegun)
    }

    @Test func refusesTextWithoutATokenizer() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let error = #expect(throws: GenerationError.self) { try model.complete([.text("a")], .test(2)) }
        #expect(
            error?.description
                == "test: expected prompt_ids, as there is no tokenizer, found text; give one with --tokenizer"
        )
    }

    @Test(arguments: [
        (100, 0, TensorNaming.meta, true), (100, 0, .huggingFace, true), (99, 1, .meta, false),
        (99, 1, .huggingFace, true), (100, 1024, .huggingFace, true), (100, 1025, .huggingFace, false),
        (100, -1, .huggingFace, false), (100, -1, .meta, false),
    ])
    func refusesTheTokenizerOfAnotherModel(size: Int, padding: Int, naming: TensorNaming, fits: Bool) throws {
        let configuration = try TestModel.fixture().transformer.configuration
        let tokenizer = CountingTokenizer(vocabularySize: configuration.vocabularySize - padding)
        func check() throws {
            try checkVocabulary(
                of: tokenizer, file: "t.model", against: configuration, model: "folder", naming: naming)
        }
        if fits {
            try check()
        } else {
            let error = #expect(throws: GenerationError.self, performing: check)
            #expect(
                error?.description
                    == "t.model: expected a vocabulary of 96, as folder has, found \(96 - padding); "
                    + "use the tokenizer that came with the checkpoint")
        }
    }
}

/// A tokenizer that has a size and nothing else.
private struct CountingTokenizer: Tokenizer {
    let vocabularySize: Int
    let bosID: Int32? = nil
    let eosID: Int32? = nil
    let padID: Int32? = nil
    let stopTokens: Set<Int32> = []

    func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32] { [] }
    func bytes(of id: Int32) -> [UInt8] { [] }
    func kind(of id: Int32) -> TokenKind? { nil }
    func spelling(of id: Int32) -> [UInt8] { [] }
    func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder { fatalError("not asked for") }
}
