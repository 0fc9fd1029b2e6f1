import Foundation
import LlamaTestSupport
import Testing

/// `llama-run --dtype q8_0`, `q6_k`, `q4_k` and `q4_0`.
struct RunQuantizationTests {
    private static let prompts = """
        {"prompt_ids": [1, 5, 9]}
        {"prompt_ids": [7, 2, 30, 11]}

        """

    private func run(_ checkpoint: String, _ arguments: [String], in folder: URL) throws -> Command {
        try Command.run(
            [
                "--checkpoints", checkpoint, "--prompts", "-", "--output", "-", "--logprobs", "3",
                "--temperature",
                "0", "--max-gen-len", "12",
            ] + arguments, input: Self.prompts, folder: folder)
    }

    /// Token for token, and with the same log-probabilities, as the file that `llama-convert` writes.
    @Test(arguments: ["q8_0", "q6_k", "q4_k", "q4_0"], ["hf-tied-f32", "meta-2shards-f16"])
    func equalsTheConvertedFile(dtype: String, name: String) throws {
        let source = try Fixtures.checkpoint(name).path
        try withTemporaryFolder { folder in
            let converted = try Command.run(
                [source, "x.gguf", "--to", "gguf", "--dtype", dtype, "--quiet"], folder: folder,
                program: "llama-convert")
            #expect(converted.code == 0 && converted.error == "")
            let expected = try run("x.gguf", [], in: folder)
            let quantized = try run(source, ["--dtype", dtype, "--threads", "2"], in: folder)
            #expect(expected.code == 0 && quantized.code == 0, "\(quantized.error)")
            #expect(quantized.output == expected.output && quantized.lines.count == 3)
            #expect(try run(source, [], in: folder).output != expected.output)
        }
    }

    @Test func saysWhatItHoldsOtherwise() throws {
        let source = try Fixtures.checkpoint("hf-tied-f32").path
        try withTemporaryFolder { folder in
            let result = try run(source, ["--dtype", "q6_k"], in: folder)
            #expect(
                result.error == """
                    llama-run: notice: \(source): 13 tensors, such as model.embed_tokens.weight, are held as Q8_0: \
                    Q6_K stores 256 weights of a row together, and the rows have 32
                    llama-run: notice: \(source): 2 tensors, such as model.layers.0.mlp.down_proj.weight, are held as \
                    Q8_0: Q6_K stores 256 weights of a row together, and the rows have 96

                    """)
            #expect(try run(source, ["--dtype", "q6_k", "--quiet"], in: folder).error == "")
        }
    }

    @Test func refusesWhatItWouldHide() throws {
        try withTemporaryFolder { folder in
            let source = folder.appending(path: "source")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: source)
            let weights = source.appending(path: "model.safetensors")
            var bytes = try Data(contentsOf: weights)
            // Its last matrix, of 16 rows of 32, is followed by a norm of 32.
            let last = bytes.count - 33 * 4
            bytes.replaceSubrange(last..<last + 4, with: withUnsafeBytes(of: Float.infinity) { Data($0) })
            try bytes.write(to: weights)
            let refused = try run("source", ["--dtype", "q4_0"], in: folder)
            #expect(refused.code == 65 && refused.output == "")
            #expect(
                refused.error == """
                    llama-run: error: source/model.safetensors: model.layers.1.self_attn.v_proj.weight: row 15, \
                    column 31: expected finite weights to store as Q4_0, found inf; use the weights as they are stored

                    """)
        }
    }

    @Test func theBarFitsTheTerminal() throws {
        let terminal = try Terminal.run(
            [
                "--checkpoints", Fixtures.checkpoint("hf-tied-f32").path, "--tokenizer",
                Fixtures.tokenizer("char.model").path, "--prompt", "a", "--dtype", "q8_0",
            ], .error, columns: 50)
        #expect(terminal.code == 0)
        let frames = terminal.frames.filter { $0.hasPrefix("quantizing") }
        #expect(!frames.isEmpty && frames.allSatisfy { $0.count < 50 && $0.contains(" bytes of ") })
    }

    @Test func theHelpListsTheTypes() throws {
        let help = try Command.run(["--help"])
        let text = help.output.split { $0.isWhitespace }.joined(separator: " ")
        #expect(text.contains("(values: auto, float32, q8_0, q6_k, q4_k, q4_0; default: auto)"), "\(text)")
    }
}
