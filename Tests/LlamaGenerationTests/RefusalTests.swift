import LlamaCheckpoints
import LlamaTokenizers
import Testing

@testable import LlamaGeneration

/// What cannot be completed is refused before anything is computed, with a line for a person.
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
        var hasStarted = false
        let error = #expect(throws: GenerationError.self) {
            try model.complete([.ids(1), prompt, .ids(2)], .test(2, sequence: 8)) { _ in
                hasStarted = true
                return false
            }
        }
        #expect(error?.description == message)
        #expect(!hasStarted)
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
        (0, TensorNaming.meta, true), (0, .huggingFace, true), (1, .meta, false), (1, .gguf, false),
        (1, .huggingFace, true), (1024, .huggingFace, true), (1025, .huggingFace, false),
        (-1, .huggingFace, false), (-1, .meta, false),
    ])
    func refusesTheTokenizerOfAnotherModel(padding: Int, naming: TensorNaming, fits: Bool) throws {
        func check() throws(TokenizerError) {
            try checkVocabulary(
                size: 96 - padding, file: "t.model", rows: 96, naming: naming, model: "folder")
        }
        if fits {
            try check()
        } else {
            let error = #expect(throws: TokenizerError.self, performing: check)
            #expect(
                error?.description
                    == "t.model: expected a vocabulary of 96, as folder has, found \(96 - padding); "
                    + "use the tokenizer that came with the checkpoint")
        }
    }
}
