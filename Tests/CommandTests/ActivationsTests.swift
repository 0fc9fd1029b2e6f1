import Foundation
import LlamaTestSupport
import Testing

/// `--activations` and `--kv-dtype`, and that what they choose computes the same everywhere.
struct ActivationsTests {
    /// A model in Q8_0, and a tokenizer of its size.
    private func withModel(_ body: (_ folder: URL, _ model: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("hf-tied-f32").path
            let converted = try Command.run(
                [source, "model.gguf", "--to", "gguf", "--dtype", "q8_0", "--quiet"], folder: folder,
                program: "llama-convert")
            try #require(converted.code == 0, "\(converted.error)")
            try body(folder, folder.path + "/model.gguf")
        }
    }

    @Test func aRunGivesTheSameBitsOnEveryInstructionSet() throws {
        try withModel { folder, model in
            let prompts = folder.appending(path: "prompts.jsonl")
            let lines = (1..<40).map { count in
                "{\"prompt_ids\": \((0..<count).map { ($0 * 7 + count) % 60 + 3 })}\n"
            }
            try Data(lines.joined().utf8).write(to: prompts)
            func output(_ activations: String?, _ environment: [String: String], _ more: [String]) throws
                -> String
            {
                let result = try Command.run(
                    [
                        "--checkpoints", model, "--prompts", prompts.path, "--output", "-", "--quiet",
                        "--temperature", "0", "--max-gen-len", "3", "--logprobs", "2",
                    ] + more + (activations.map { ["--activations", $0] } ?? []), environment: environment)
                #expect(result.code == 0, "\(result.error)")
                return result.output
            }
            let byDefault = try output(nil, [:], [])
            for activations in ["int8", "float32"] {
                let expected = try output(activations, ["LLAMA_KERNELS": "reference"], ["--threads", "1"])
                #expect((expected == byDefault) == (activations == "int8"))
                let halved = try output(activations, [:], ["--kv-dtype", "float16"])
                #expect(halved != expected)
                #expect(
                    try output(
                        activations, ["LLAMA_KERNELS": "reference"],
                        ["--kv-dtype", "float16", "--max-batch-size", "2"]) == halved)
                for set in ["avx2", "avxvnni", "avx512", "avx512vnni"] where Self.isSupported(set) {
                    #expect(try output(activations, ["LLAMA_KERNELS": set], ["--threads", "2"]) == expected)
                    #expect(
                        try output(activations, ["LLAMA_KERNELS": set], ["--max-batch-size", "3"]) == expected
                    )
                }
            }
        }
    }

    /// Whether the processor has an instruction set, by what Linux says of it.
    private static func isSupported(_ set: String) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
        let needs =
            switch set {
            case "avx2": ["avx2", "fma", "f16c"]
            case "avxvnni": ["avx2", "fma", "f16c", "avx_vnni"]
            case "avx512": ["avx512f", "avx512bw", "avx512vl", "avx512dq"]
            default: ["avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni"]
            }
        return Set(flags.map(String.init)).isSuperset(of: needs)
    }

    @Test func evaluateMeasuresWithTheChosenType() throws {
        let model = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "models/shakespeare-char")
        try withTemporaryFolder { folder in
            let converted = try Command.run(
                [model.path, "model.gguf", "--to", "gguf", "--dtype", "q8_0", "--quiet"], folder: folder,
                program: "llama-convert")
            try #require(converted.code == 0, "\(converted.error)")
            try Data(String(repeating: "To be, or not to be: ", count: 30).utf8)
                .write(to: folder.appending(path: "text.txt"))
            func loss(_ more: [String]) throws -> String {
                let result = try Command.run(
                    ["evaluate", "--checkpoints", "model.gguf", "--data", "text.txt", "--split", "all"]
                        + more,
                    folder: folder, program: "llama-train")
                #expect(result.code == 0, "\(result.error)")
                return result.output
            }
            let integers = try loss([])
            #expect(try loss(["--activations", "int8"]) == integers)
            #expect(try loss(["--activations", "float32"]) != integers)
        }
    }

    @Test(arguments: [
        ("llama-run", ["--checkpoints", "x", "--activations", "int4"]),
        ("llama-train", ["evaluate", "--checkpoints", "x", "--data", "y", "--activations", "int4"]),
    ]) func refusesOtherTypes(program: String, arguments: [String]) throws {
        let result = try Command.run(arguments, program: program)
        #expect(result.code == 64)
        #expect(
            result.error.contains("--activations: expected int8, bfloat16 or float32, found int4"),
            "\(result.error)")
    }
}
