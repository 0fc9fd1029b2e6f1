import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaCheckpointTestSupport
@testable import LlamaTokenizers

/// GGUF files given where a tokenizer is expected.
@Suite struct GGUFTokenizerTests {
    static let fixtures = ["bpe.model", "Tiktoken/tiny.model", "HuggingFace/smollm.json"]

    /// A GGUF file with a fixture's vocabulary and no tensors.
    static func vocabulary(_ fixture: String) throws -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.set("general.architecture", "llama")
        let vocabulary = try EmbeddedVocabulary(tokenizerFile: Fixtures.tokenizer(fixture).path)
        for (key, value) in vocabulary.metadata { builder.set(key, value) }
        return builder
    }

    @Test(arguments: fixtures)
    func loadsAVocabularyWithoutTensors(_ fixture: String) throws {
        let original = try loadTokenizer(at: Fixtures.tokenizer(fixture).path)
        // The content counts, not the name.
        try withTemporaryFile(Self.vocabulary(fixture).bytes) { path in
            #expect(try TokenizerKind(ofFile: path) == .gguf)
            try expectSame(loadTokenizer(at: path), original, texts: adversarialTexts)
            let vocabulary = try EmbeddedVocabulary(tokenizerFile: path)
            #expect(vocabulary.tokens.count == original.vocabularySize)
        }
    }

    @Test func loadsTheVocabularyOfAModel() throws {
        var model = GGUFBuilder(TinyModel(nLayers: 1, vocabularySize: 400))
        for key in try Self.vocabulary("bpe.model").keys where key.name.hasPrefix("tokenizer.") {
            model.remove(key.name)
            model.keys.append(key)
        }
        // No tensor is looked at: not even of a type that is not supported.
        model.infos[0].type = 99
        let original = try Fixture.bpe.tokenizer
        try withTemporaryFile(model.bytes) { path in
            try expectSame(loadTokenizer(at: path), original, texts: adversarialTexts)
        }
    }

    /// Only the first file of a split model has the vocabulary.
    @Test(arguments: ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"])
    func loadsTheVocabularyOfASplitModel(_ name: String) throws {
        try withTemporaryFolder { folder in
            for number in 0..<2 {
                var builder = number == 0 ? try Self.vocabulary("bpe.model") : GGUFBuilder()
                builder.set("split.no", UInt32(number))
                builder.set("split.count", UInt32(2))
                try Data(builder.bytes).write(
                    to: folder.appending(path: "m-0000\(number + 1)-of-00002.gguf"))
            }
            let tokenizer = try loadTokenizer(at: folder.appending(path: name).path)
            #expect(tokenizer.vocabularySize == 400)
        }
    }

    @Test func namesTheMissingFileOfASplitModel() throws {
        try withTemporaryFolder { folder in
            var builder = GGUFBuilder()
            builder.set("split.no", UInt32(1))
            let path = folder.appending(path: "m-00002-of-00002.gguf").path
            try Data(builder.bytes).write(to: URL(filePath: path))
            let error = #expect(throws: TokenizerError.self) { try loadTokenizer(at: path) }
            #expect(
                error?.description
                    == "\(folder.path)/m-00001-of-00002.gguf: no such file or directory; "
                    + "m-00002-of-00002.gguf is one of 2: fetch the missing shard")
            #expect(error?.isMissingInput == true)
        }
    }

    @Test func saysThatAFileHasNoVocabulary() throws {
        try withTemporaryFile(GGUFBuilder(TinyModel(nLayers: 1)).bytes) { path in
            let error = #expect(throws: TokenizerError.noVocabulary(file: path)) {
                try loadTokenizer(at: path)
            }
            #expect(
                error?.description
                    == "\(path): expected a vocabulary in the file, found none; name another tokenizer")
            #expect(error?.isMissingInput == false)
        }
    }

    @Test func refusesADamagedFile() throws {
        let bytes = try Self.vocabulary("bpe.model").bytes
        for length in [4, 6, 20, 100, bytes.count / 2] {
            try withTemporaryFile(Array(bytes.prefix(length))) { path in
                let error = #expect(throws: TokenizerError.self) { try loadTokenizer(at: path) }
                #expect(error?.description.hasPrefix(path + ": ") == true)
                guard case .invalidGGUF? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }

    /// A model is larger than any tokenizer that is read whole.
    @Test func loadsFromAFileOfAnySize() throws {
        try withTemporaryFile(Self.vocabulary("bpe.model").bytes) { path in
            let handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.truncate(atOffset: UInt64(TokenizerFile.maximumSize + 1))
            try handle.close()
            #expect(try TokenizerKind(ofFile: path) == .gguf)
            #expect(try loadTokenizer(at: path).vocabularySize == 400)
        }
    }
}
