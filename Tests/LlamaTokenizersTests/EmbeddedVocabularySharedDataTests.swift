import Foundation
import LlamaCheckpoints
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Vocabularies embedded in a checkpoint, and written out again, against the tokenizers they came from.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct EmbeddedVocabularySharedDataTests {
    static let files = [
        "tokenizers/llama2/tokenizer.model", "tokenizers/llama2/tokenizer.json",
        "tokenizers/llama3/tokenizer.model", "tokenizers/llama3/tokenizer.json",
        "checkpoints/stories260K/tokenizer.model", "checkpoints/stories260K/tok512.bin",
    ]

    @Test(arguments: files)
    func hasTheIDsOfItsTokenizer(_ file: String) throws {
        let path = try TestData.path(file)
        let original = try loadTokenizer(at: path)
        let vocabulary = try EmbeddedVocabulary(tokenizerFile: path)
        let tokenizer = try vocabulary.makeTokenizer(file: "model.gguf")
        // A tokenizer.json finds `<unk>` in a text, SentencePiece and llama.cpp do not.
        let findsUnknown = file == "tokenizers/llama2/tokenizer.json"
        let texts = try texts(for: file).filter { !findsUnknown || !$0.contains("<unk>") }
        try expectSame(tokenizer, original, texts: texts)
        #expect(tokenizer.addsBOS)
        // What a file keeps of it makes the same tokenizer.
        let stored = try EmbeddedVocabulary(storing: vocabulary)
        #expect(stored.tokens == vocabulary.tokens && stored.merges == vocabulary.merges)
        #expect(stored.specialIDs == vocabulary.specialIDs)
    }

    @Test func exportsTheFileOfLlama2cByteForByte() throws {
        let vocabulary = try EmbeddedVocabulary(
            tokenizerFile: TestData.path("checkpoints/stories260K/tokenizer.model"))
        let exported = try vocabulary.llama2cFile(file: "model.gguf")
        #expect(exported == Array(try Data(contentsOf: TestData.url("checkpoints/stories260K/tok512.bin"))))
    }

    @Test func readsAnExportForLlama2cAsTheModelThatItIsFrom() throws {
        let exported = try loadTokenizer(at: TestData.path("checkpoints/stories260K/tok512.bin"))
        let model = try loadTokenizer(at: TestData.path("checkpoints/stories260K/tokenizer.model"))
        var generator = SeededGenerator(state: 5)
        try expectSame(exported, model, texts: adversarialTexts + randomTexts(2_000, &generator))
        for story in try Story.all() {
            #expect(exported.encode(story.prompt, addBOS: true) == story.prompt_ids)
            #expect(exported.decode(story.prompt_ids + story.completion_ids) == story.text)
        }
        for id in 0..<Int32(model.vocabularySize) {
            #expect(exported.spelling(of: id) == model.spelling(of: id))
            #expect(exported.kind(of: id) == model.kind(of: id))
        }
    }

    @Test func writesATokenizerModelForLlama2() throws {
        let path = try TestData.path("tokenizers/llama2/tokenizer.model")
        let vocabulary = try EmbeddedVocabulary(tokenizerFile: path)
        let written = try SentencePieceTokenizer(bytes: vocabulary.tokenizerModelFile(file: "model.gguf"))
        try expectSame(written, SentencePieceTokenizer(path: path), texts: try texts(for: path))
        #expect(throws: TokenizerError.self) { try vocabulary.tiktokenFile(file: "model.gguf") }
    }

    /// Runs of up to 16 spaces have one score between them.
    @Test(arguments: ["tokenizers/llama2/tokenizer.model", "checkpoints/stories260K/tokenizer.model"])
    func writesATokenizerJSONForLlama2(_ file: String) throws {
        let path = try TestData.path(file)
        let original = try loadTokenizer(at: path)
        let json = try EmbeddedVocabulary(tokenizerFile: path).tokenizerJSONFile(file: "model.gguf")
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "tokenizer.json")
            try Data(json).write(to: url)
            let written = try loadTokenizer(at: url.path)
            let again = try EmbeddedVocabulary(tokenizerFile: url.path).makeTokenizer(file: "model.gguf")
            #expect(written.addsBOS && written.vocabularySize == original.vocabularySize)
            let runs = (1...200).map { "a" + String(repeating: " ", count: $0) + "b" }
            // A tokenizer.json finds special tokens in any text.
            let texts = try (texts(for: file) + runs).filter { text in
                !["<s>", "</s>", "<unk>"].contains(where: text.contains)
            }
            #expect(texts.count > 250)
            for text in texts {
                let ids = original.encode(text, addBOS: true)
                #expect(written.encode(text, addBOS: true) == ids, "\(text.debugDescription)")
                #expect(again.encode(text, addBOS: true) == ids, "\(text.debugDescription)")
            }
        }
    }

    @Test(arguments: ["tokenizer.model", "tokenizer.json"])
    func writesTheRanksOfLlama3ByteForByte(_ name: String) throws {
        let vocabulary = try EmbeddedVocabulary(tokenizerFile: TestData.path("tokenizers/llama3/\(name)"))
        let written = try vocabulary.tiktokenFile(file: "model.gguf")
        let original = try Data(contentsOf: TestData.url("tokenizers/llama3/tokenizer.model"))
        #expect(written == Array(original))
        #expect(throws: TokenizerError.self) { try vocabulary.tokenizerModelFile(file: "model.gguf") }
        #expect(throws: TokenizerError.self) { try vocabulary.llama2cFile(file: "model.gguf") }
    }

    @Test func namesTheSpecialTokensOfLlama3() throws {
        let vocabulary = try EmbeddedVocabulary(
            tokenizerFile: TestData.path("tokenizers/llama3/tokenizer.model"))
        #expect(vocabulary.preTokenizer == "llama-bpe")
        #expect(vocabulary.specialIDs.bos == 128_000 && vocabulary.specialIDs.eos == 128_001)
        #expect(vocabulary.specialIDs.eot == 128_009 && vocabulary.specialIDs.eom == 128_008)
        let tokenizer = try vocabulary.makeTokenizer(file: "model.gguf")
        #expect(tokenizer.stopTokens == [128_001, 128_008, 128_009])
        #expect(tokenizer.vocabularySize == 128_256)
    }

    /// The golden texts beside a tokenizer, and those that tokenizers are known to differ on.
    private func texts(for file: String) throws -> [String] {
        guard let name = ["llama2", "llama3"].first(where: file.contains) else { return adversarialTexts }
        let golden = try Golden.lines(TestData.url("tokenizers/\(name)/golden.jsonl")).compactMap(\.text)
        return golden + adversarialTexts
    }
}

/// Compares ids, with and without special tokens, and the text of the ids.
func expectSame(_ tokenizer: any Tokenizer, _ original: any Tokenizer, texts: [String]) throws {
    #expect(tokenizer.vocabularySize == original.vocabularySize)
    #expect(tokenizer.bosID == original.bosID && tokenizer.eosID == original.eosID)
    for text in texts {
        let ids = original.encode(text, specials: .none, addBOS: true)
        guard tokenizer.encode(text, specials: .none, addBOS: true) == ids else {
            Issue.record("\(text.prefix(200).debugDescription)")
            continue
        }
        let all = original.encode(text, specials: .all, addBOS: false)
        #expect(tokenizer.encode(text, specials: .all, addBOS: false) == all, "\(text.debugDescription)")
        #expect(Array(tokenizer.decode(all).utf8) == Array(original.decode(all).utf8), "\(all.prefix(50))")
    }
}

/// Short texts of letters, spaces, controls and characters of every plane.
func randomTexts(_ count: Int, _ generator: inout SeededGenerator) -> [String] {
    (0..<count).map { _ in
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...24, using: &generator) {
            let limit: UInt32 = [0x80, 0x80, 0x80, 0x600, 0x10FFFF].randomElement(using: &generator) ?? 0x80
            let value = UInt32.random(in: 0..<limit, using: &generator)
            if let scalar = Unicode.Scalar(value) { text.append(scalar) }
        }
        return String(text)
    }
}

extension EmbeddedVocabulary {
    /// The vocabulary that is read back from the metadata of a file.
    init(storing vocabulary: EmbeddedVocabulary) throws {
        try self.init(GGUFMetadata(file: "model.gguf", entries: vocabulary.metadata))
    }
}
