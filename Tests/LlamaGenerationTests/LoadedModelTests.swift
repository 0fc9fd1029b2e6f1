import LlamaCheckpoints
import Foundation
import LlamaTestSupport
import LlamaTokenizers
import Testing

@testable import LlamaGeneration

/// A model with its tokenizer, stop tokens and defaults.
struct LoadedModelTests {
    /// A copy of a fixture, with files added; gone after `body`.
    private func withModel(_ files: [String: Data], _ body: (String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
            for (name, data) in files { try data.write(to: copy.appending(path: name)) }
            try body(copy.path)
        }
    }

    private func characters() throws -> Data { try Data(contentsOf: Fixtures.tokenizer("char.model")) }

    @Test func stopsAtTokensOfTheTokenizerTheConfigurationAndAtABeginning() throws {
        let generation = Data(#"{"eos_token_id": [7, 9]}"#.utf8)
        try withModel(["tokenizer.model": characters(), "generation_config.json": generation]) { path in
            let model = try LoadedModel(at: path)
            let tokenizer = try #require(model.tokenizer).tokenizer
            #expect(tokenizer.bosID == 1 && tokenizer.eosID == 2)
            #expect(model.stopTokens == [1, 2, 7, 9])
            #expect(model.generationOptions.stopTokens == [1, 2, 7, 9])
        }
    }

    @Test func takesTheTokenizerBesideTheWeightsUnlessOneIsNamed() throws {
        try withModel(["tokenizer.model": characters()]) { path in
            #expect(try LoadedModel(at: path).tokenizer?.file == path + "/tokenizer.model")
            let named = try Fixtures.tokenizer("char.model").path
            #expect(try LoadedModel(at: path, tokenizer: named).tokenizer?.file == named)
        }
        try withModel([:]) { path in
            let model = try LoadedModel(at: path)
            #expect(model.tokenizer == nil)
            #expect(model.stopTokens == model.checkpoint.configuration.stopTokens)
        }
    }

    @Test func refusesTheTokenizerOfAnotherModel() throws {
        try withModel([:]) { path in
            let other = try Fixtures.tokenizer("bpe.model").path
            let error = #expect(throws: TokenizerError.self) { try LoadedModel(at: path, tokenizer: other) }
            #expect(
                error
                    == .vocabularyMismatch(
                        file: other, count: 400, model: path, expected: 96, allowsFewer: false))
        }
    }

    @Test func ignoresAnUnsupportedTokenizerOnlyWhereNoTextIsNeeded() throws {
        let unigram = #"{"version": "1.0", "added_tokens": [], "model": {"type": "Unigram", "vocab": []}}"#
        try withModel(["tokenizer.json": Data(unigram.utf8)]) { path in
            #expect(throws: TokenizerError.self) { try LoadedModel(at: path) }
            let ids = try LoadedModel(at: path, needsText: false)
            #expect(ids.tokenizer == nil)
            // One that the user names is not ignored.
            let named = path + "/tokenizer.json"
            #expect(throws: TokenizerError.self) {
                try LoadedModel(at: path, tokenizer: named, needsText: false)
            }
        }
        try withModel(["tokenizer.model": Data("<html>".utf8)]) { path in
            #expect(throws: TokenizerError.self) { try LoadedModel(at: path, needsText: false) }
        }
    }

    @Test func defaultsToTheContextOfTheCheckpoint() throws {
        try withModel([:]) { path in
            let model = try LoadedModel(at: path)
            let context = try #require(model.checkpoint.configuration.contextLength)
            #expect(model.generationOptions.maxSequenceLength == context)
        }
        let silent = try LoadedModel(at: Fixtures.checkpoint("meta-2shards-f16").path)
        #expect(silent.checkpoint.configuration.contextLength == nil)
        #expect(silent.generationOptions.maxSequenceLength == 4096)
    }
}
