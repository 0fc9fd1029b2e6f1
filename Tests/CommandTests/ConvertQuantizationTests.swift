import Foundation
import LlamaTestSupport
import Testing

/// `--dtype q8_0` and `q4_0`.
struct ConvertQuantizationTests {
    private static let program = "llama-convert"

    private func convert(_ arguments: [String], in folder: URL) throws -> Command {
        try Command.run(arguments, folder: folder, program: Self.program)
    }

    /// The checkpoint `hf-tied-f32` with other last values of its last matrix, `model.layers.1.self_attn.v_proj.weight`
    /// of 16 rows of 32, which is followed by a norm of 32.
    private func source(_ values: [Float], in folder: URL) throws {
        let source = folder.appending(path: "source")
        try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: source)
        let weights = source.appending(path: "model.safetensors")
        var bytes = try Data(contentsOf: weights)
        let end = bytes.count - 32 * 4
        bytes.replaceSubrange(
            end - values.count * 4..<end, with: values.withUnsafeBytes { Data($0) })
        try bytes.write(to: weights)
    }

    private static let last = "source/model.safetensors: model.layers.1.self_attn.v_proj.weight: row 15"
    private static let advice =
        "; --allow-non-finite quantizes it nevertheless and counts what that changes\n"

    @Test func saysWhatItQuantized() throws {
        try withTemporaryFolder { folder in
            try source([], in: folder)
            let result = try convert(["source", "out.gguf", "--to", "gguf", "--dtype", "q8_0"], in: folder)
            #expect(result.code == 0)
            let lines = result.error.split(separator: "\n")
            try #require(lines.count == 3)
            #expect(
                lines[1] == "out.gguf: quantized 15 tensors to Q8_0 (RMS error 0.00088), kept 5 as F32",
                "\(result.error)")
            let again = try convert(
                ["source", "out.gguf", "--to", "gguf", "--dtype", "q8_0", "--force", "--quiet"], in: folder)
            #expect(again.code == 0 && again.error == "")
        }
    }

    @Test(
        arguments: [
            ([.nan], ", column 31: expected finite weights to store as Q8_0, found nan"),
            ([.infinity, 0], ", column 30: expected finite weights to store as Q8_0, found inf"),
            (
                [1e30, 0, 0],
                ", column 29: expected a weight of at most 8.32e6, which Q8_0 can store, found 1e+30"
            ),
        ] as [([Float], String)])
    func refusesWhatItWouldHide(values: [Float], message: String) throws {
        try withTemporaryFolder { folder in
            try source(values, in: folder)
            let arguments = ["source", "out.gguf", "--to", "gguf", "--dtype", "q8_0", "--quiet", "--verify"]
            let refused = try convert(arguments, in: folder)
            #expect(refused.code == 65)
            #expect(refused.error == "llama-convert: error: " + Self.last + message + Self.advice)
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "out.gguf").path))
        }
    }

    /// On request it is quantized, and both the report and `--verify` say that the output differs.
    @Test(
        arguments: [
            ([.nan, 0], "1 became finite"),
            (
                [1e30],
                "32 became infinite or not a number in layers.1.attention.wv.weight"
            ),
        ] as [([Float], String)])
    func countsWhatItHides(values: [Float], message: String) throws {
        try withTemporaryFolder { folder in
            try source(values, in: folder)
            let arguments = [
                "source", "out.gguf", "--to", "gguf", "--dtype", "q8_0", "--allow-non-finite", "--verify",
                "--force",
            ]
            let loud = try convert(arguments, in: folder)
            #expect(loud.code == 0)
            #expect(loud.error.contains("; " + message), "\(loud.error)")
            #expect(loud.error.contains("; 1 not finite; ") == values[0].isNaN, "\(loud.error)")
            #expect(
                loud.error.hasSuffix(
                    """
                    out.gguf: every tensor reads back as it was written, which is not what the source has: \
                    see above\n
                    """), "\(loud.error)")
            let quiet = try convert(arguments + ["--quiet"], in: folder)
            #expect(quiet.code == 0)
            #expect(quiet.error == "out.gguf: of 27,648 values, \(message)\n")
        }
    }

    @Test func verboseAndQuiet() throws {
        let source = try Fixtures.checkpoint("hf-tied-f32").path
        try withTemporaryFolder { folder in
            let result = try convert([source, "out", "--to", "meta", "--verbose", "--quiet"], in: folder)
            #expect(result.code == 64)
            #expect(result.error.contains("--verbose: expected without --quiet, found both"))
        }
    }
}
