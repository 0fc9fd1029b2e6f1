import Foundation
import LlamaTestSupport
import Testing

/// Every command finds the tokenizer that goes with a checkpoint by the same rule.
struct TokenizerChoiceTests {
    private static let text = String(repeating: "the sea and the land\n", count: 40)

    @discardableResult
    private func run(
        _ program: String, _ arguments: [String], input: String = "", in folder: URL
    ) throws -> Command {
        let result = try Command.run(arguments, input: input, folder: folder, program: program)
        #expect(result.code == 0, "\(program) \(arguments): \(result.error)")
        return result
    }

    private let greedy = ["--prompt", "a", "--temperature", "0", "--max-gen-len", "12", "--checkpoints"]
    private let evaluate = ["evaluate", "--data", "text.txt", "--checkpoints"]

    /// A folder with a model in `bare`, its tokenizer in `its.model`, and both in `x.gguf`.
    private func withModel(_ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try Data(Self.text.utf8).write(to: folder.appending(path: "text.txt"))
            let train = ["--data", "text.txt", "--output", "bare", "--steps", "1", "--quiet"]
            try run("llama-train", train + TrainTests.small, in: folder)
            try run("llama-convert", ["bare", "x.gguf", "--to", "gguf"], in: folder)
            try FileManager.default.moveItem(
                at: folder.appending(path: "bare/tokenizer.model"), to: folder.appending(path: "its.model"))
            try body(folder)
        }
    }

    @Test func llamaRunAcceptsAGGUFFileAsTokenizer() throws {
        try withModel { folder in
            let expected = try run("llama-run", greedy + ["x.gguf"], in: folder).output
            #expect(expected.count > 1)
            for path in ["its.model", "x.gguf", ".", folder.path] {
                let result = try run("llama-run", greedy + ["bare", "--tokenizer", path], in: folder)
                #expect(result.output == expected, "\(path)")
            }
        }
    }

    @Test func llamaTokenizeAcceptsAGGUFFileAsTokenizer() throws {
        try withModel { folder in
            func encode(_ tokenizer: String) throws -> String {
                try run(
                    "llama-tokenize", ["encode", "--bos", "--tokenizer", tokenizer], input: "\"the sea\"\n",
                    in: folder
                ).output
            }
            let expected = try encode("its.model")
            #expect(expected.hasPrefix("[1,") && expected.split(separator: ",").count == 8)
            #expect(try encode("x.gguf") == expected)
            #expect(try encode(".") == expected)
            let same = try run("llama-tokenize", ["compare", "its.model", "x.gguf"], in: folder)
            #expect(same.lines.first == "A  its.model")
            #expect(same.lines.dropFirst().first?.hasSuffix("x.gguf") == true)
        }
    }

    @Test func llamaConvertAcceptsAGGUFFileAsTokenizer() throws {
        try withModel { folder in
            try run("llama-convert", ["bare", "out", "--to", "meta", "--tokenizer", "x.gguf"], in: folder)
            #expect(
                try Data(contentsOf: folder.appending(path: "out/tokenizer.model"))
                    == Data(contentsOf: folder.appending(path: "its.model")))
        }
    }

    @Test func llamaTrainAcceptsAGGUFFileAsTokenizer() throws {
        try withModel { folder in
            let own = try run("llama-train", evaluate + ["x.gguf"], in: folder).output
            let given = try run("llama-train", evaluate + ["bare", "--tokenizer", "x.gguf"], in: folder)
            #expect(own.hasPrefix("loss ") && given.output == own)
            let train = [
                "--data", "text.txt", "--output", "out", "--tokenizer", "x.gguf", "--steps", "1", "--quiet",
            ]
            try run("llama-train", train + TrainTests.small, in: folder)
            try run("llama-tokenize", ["compare", "its.model", "out"], in: folder)
        }
    }

    @Test func evaluationRefusesTheTokenizerOfAnotherModel() throws {
        try withModel { folder in
            let bpe = try Fixtures.tokenizer("bpe.model").path
            let other = try Command.run(
                evaluate + ["bare", "--tokenizer", bpe], folder: folder, program: "llama-train")
            #expect(other.code == 65)
            #expect(
                other.error.hasPrefix("llama-train: error: \(bpe): expected a vocabulary of ")
                    && other.error.hasSuffix(
                        ", as bare has, found 400; use the tokenizer that came with the checkpoint\n"),
                "\(other.error)")
            let none = try Command.run(evaluate + ["bare"], folder: folder, program: "llama-train")
            #expect(none.code == 66)
            #expect(
                none.error
                    == "llama-train: error: bare: expected tokenizer.model or tokenizer.json there, found neither\n"
            )
        }
    }

    @Test func aGGUFFileWithoutAVocabularyIsRefused() throws {
        try withModel { folder in
            try run("llama-convert", ["bare", "bare.gguf", "--to", "gguf"], in: folder)
            let result = try Command.run(
                ["encode", "--tokenizer", "bare.gguf"], folder: folder, program: "llama-tokenize")
            #expect(result.code == 65)
            #expect(
                result.error.hasPrefix("llama-tokenize: error: bare.gguf: expected a vocabulary"),
                "\(result.error)")
            // A tokenizer beside the weights belongs to them here too.
            try FileManager.default.moveItem(
                at: folder.appending(path: "its.model"), to: folder.appending(path: "tokenizer.model"))
            let beside = try run(
                "llama-tokenize", ["encode", "--tokenizer", "bare.gguf"], input: "\"a\"\n", in: folder)
            #expect(beside.output.hasPrefix("["))
        }
    }

    @Test(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
    func aLlama2cFileHasTheTokenizerBesideIt() throws {
        let stories = try TestData.url("checkpoints/stories260K")
        try withTemporaryFolder { folder in
            func copy(_ source: String, _ name: String) throws {
                let target = folder.appending(path: name)
                try Data(contentsOf: stories.appending(path: source)).write(to: target)
            }
            func output() throws -> String {
                try run("llama-run", greedy + ["x.bin"], in: folder).output
            }
            try copy("stories260K.bin", "x.bin")
            try copy("tok512.bin", "tokenizer.bin")
            let expected = try output()
            #expect(expected.count > 12)
            // A tokenizer.model there is the second choice, and not converted if it is another model's.
            let model = folder.appending(path: "tokenizer.model")
            try FileManager.default.copyItem(at: Fixtures.tokenizer("bpe.model"), to: model)
            #expect(try output() == expected)
            try FileManager.default.removeItem(at: folder.appending(path: "tokenizer.bin"))
            let refusal = try Command.run(greedy + ["x.bin"], folder: folder)
            #expect(refusal.code == 65 && refusal.error.contains("expected a vocabulary of 512"))
            let notes = try run("llama-convert", ["x.bin", "none", "--to", "meta"], in: folder).error
            #expect(
                notes.contains(
                    "tokenizer.model: expected a vocabulary of 512, as ./x.bin has, found 400; use the tokenizer that "
                        + "came with the checkpoint; it is not converted\n"), "\(notes)")
            try FileManager.default.removeItem(at: model)
            try copy("tokenizer.model", "tokenizer.model")
            #expect(try output() == expected)
            try run("llama-convert", ["x.bin", "out", "--to", "meta"], in: folder)
            #expect(
                try Data(contentsOf: folder.appending(path: "out/tokenizer.model"))
                    == Data(contentsOf: model))
        }
    }
}
