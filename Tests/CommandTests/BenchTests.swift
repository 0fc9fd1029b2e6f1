import Foundation
import LlamaTestSupport
import Testing

/// What `llama-bench` measures, and how it prints that. No rate is expected but to be above 0.
struct BenchTests {
    struct Spread: Decodable {
        let median: Double
        let min: Double
        let max: Double

        var isPlausible: Bool { min > 0 && min <= median && median <= max && max.isFinite }
    }

    struct Limits: Decodable {
        let read_bytes_per_second: Double
        let float_operations_per_second: Double
        let integer_operations_per_second: Double?
    }

    struct Machine: Decodable {
        let processor: String
        let logical_cores: Int
        let usable_cores: Int
        let threads: Int
        let instruction_set: String
        let memory_bytes: Int
        let page_size_bytes: Int
        let transparent_huge_pages: String?
        let kernel: String
        let version: String
    }

    struct Report: Decodable {
        struct Model: Decodable {
            struct Share: Decodable, Equatable {
                let dtype: String
                let bytes: Int
            }
            let name: String
            let weights: String
            let dtypes: [Share]
            let weight_bytes: Int
            let parameters: Int
            let load_seconds: Double
            let cache_bytes_per_position: Int
        }
        struct Result: Decodable {
            let kind: String
            let dtype: String
            let activations: String
            let batch: Int
            let depth: Int
            let tokens: Int
            let repetitions: Int
            let tokens_per_second: Spread
            let bandwidth_share: Double
            let arithmetic_share: Double
            let time_to_first_token_seconds: Double?
            let peak_memory_bytes: Int
            let weight_bytes_per_token: Double
            let cache_bytes_per_token: Double
            let operations_per_token: Double
            let limits: Limits
        }
        let machine: Machine
        let model: Model
        let results: [Result]
    }

    struct KernelReport: Decodable {
        struct Result: Decodable {
            let operation: String
            let dtype: String?
            let tokens: Int
            let depth: Int?
            let seconds: Spread
            let operations_per_second: Double?
            let bytes_per_second: Double
            let bandwidth_share: Double
            let arithmetic_share: Double?
            let limits: Limits
        }
        let machine: Machine
        let results: [Result]
    }

    private func report(_ arguments: [String], environment: [String: String] = [:]) throws -> Report {
        let result = try Command.run(
            arguments + ["--json", "--repetitions", "3", "--threads", "2"], environment: environment,
            program: "llama-bench")
        #expect(result.code == 0 && result.error == "", "\(result.error)")
        return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    }

    private func fixture(_ name: String = "hf-tied-f32") throws -> [String] {
        ["--checkpoints", try Fixtures.checkpoint(name).path]
    }

    @Test func measuresEveryCombination() throws {
        let report = try report(
            try fixture() + ["-p", "5,3", "-n", "4", "-d", "0,20", "--batch", "3,1"])
        let expected = [0, 20].flatMap { depth in
            ["prefill 5 1", "prefill 3 1", "decode 4 1", "decode 4 3"].map { "\($0) \(depth)" }
        }
        #expect(report.results.map { "\($0.kind) \($0.tokens) \($0.batch) \($0.depth)" } == expected)
        for result in report.results {
            #expect(result.dtype == "F32" && result.activations == "int8" && result.repetitions == 3)
            #expect(result.tokens_per_second.isPlausible)
            #expect(result.bandwidth_share > 0 && result.arithmetic_share > 0)
            #expect((result.time_to_first_token_seconds ?? -1 > 0) == (result.kind == "prefill"))
            #expect(result.peak_memory_bytes > 1_000_000)
            let limits = result.limits
            #expect(limits.read_bytes_per_second > 0 && limits.float_operations_per_second > 0)
            #expect(limits.integer_operations_per_second == nil)
        }
    }

    /// Two layers of dim 32, 4 and 2 heads of 8, hidden 96, vocabulary 96.
    @Test func countsBytesAndOperations() throws {
        let report = try report(
            try fixture("hf-tied-f32") + ["-p", "6", "-n", "2", "-d", "10", "--batch", "1,2"])
        let configuration = try configuration("hf-tied-f32")
        let block = configuration.blockWeights * configuration.layers
        let head = configuration.vocabulary * configuration.dim
        let position = 2 * configuration.layers * configuration.keyWidth
        let pair = 4 * configuration.queryWidth * configuration.layers
        #expect(report.model.weight_bytes == 4 * (block + head))
        #expect(report.model.cache_bytes_per_position == 4 * position)
        let results = report.results
        #expect(results[0].weight_bytes_per_token == Double(4 * (block + head)) / 6)
        #expect(results[0].cache_bytes_per_token == Double(4 * position * 16) / 6)
        // Of positions 10 ... 15, with 11 ... 16 positions each.
        let prompt = 6 * 2 * block + 2 * head + pair * 81
        #expect(results[0].operations_per_token == Double(prompt) / 6)
        #expect(results[1].weight_bytes_per_token == Double(4 * (block + head)))
        #expect(results[2].weight_bytes_per_token == Double(4 * (block + head)) / 2)
        for result in results[1...] {
            #expect(result.cache_bytes_per_token == Double(4 * position) * 11.5)
            #expect(result.operations_per_token == Double(2 * (block + head)) + Double(pair) * 11.5)
        }
    }

    private struct Configuration: Decodable {
        let hidden_size: Int
        let intermediate_size: Int
        let num_hidden_layers: Int
        let num_attention_heads: Int
        let num_key_value_heads: Int
        let head_dim: Int?
        let vocab_size: Int

        var dim: Int { hidden_size }
        var layers: Int { num_hidden_layers }
        var vocabulary: Int { vocab_size }
        var queryWidth: Int { num_attention_heads * (head_dim ?? dim / num_attention_heads) }
        var keyWidth: Int { queryWidth / num_attention_heads * num_key_value_heads }
        var blockWeights: Int { 2 * dim * (queryWidth + keyWidth) + 3 * dim * intermediate_size }
    }

    private func configuration(_ name: String) throws -> Configuration {
        let file = try Fixtures.checkpoint(name).appending(path: "config.json")
        return try JSONDecoder().decode(Configuration.self, from: Data(contentsOf: file))
    }

    @Test func describesMachineAndModel() throws {
        let report = try report(
            try fixture("hf-biased-bf16") + ["-p", "2", "-n", "0"],
            environment: ["LLAMA_KERNELS": "reference"])
        let machine = report.machine
        #expect(!machine.processor.isEmpty && !machine.kernel.isEmpty && !machine.version.isEmpty)
        #expect(machine.threads == 2 && machine.instruction_set == "reference")
        #expect(machine.logical_cores >= machine.usable_cores && machine.usable_cores >= 1)
        #expect(machine.memory_bytes > 1 << 20 && machine.page_size_bytes >= 4096)
        #expect(report.model.name.hasSuffix("hf-biased-bf16") && report.model.weights == "mapped")
        #expect(report.model.dtypes.map(\.dtype) == ["BF16"])
        #expect(report.model.dtypes.map(\.bytes) == [report.model.weight_bytes])
        #expect(report.model.parameters > 0 && report.model.load_seconds > 0)
        #expect(report.results.map(\.kind) == ["prefill"])
    }

    @Test func expandsWeights() throws {
        let report = try report(
            try fixture("hf-biased-bf16") + ["-p", "0", "-n", "1", "--dtype", "float32"])
        #expect(report.model.weights == "expanded" && report.model.dtypes.map(\.dtype) == ["F32"])
        #expect(report.results.map(\.kind) == ["decode"])
    }

    /// As `llama-run` does; rows of 32 and 96 are not whole blocks of the K formats.
    @Test(arguments: [("q8_0", "Q8_0", 34), ("q4_0", "Q4_0", 18), ("q6_k", "Q8_0", 34)])
    func quantizesWeights(dtype: String, held: String, blockSize: Int) throws {
        let report = try report(
            try fixture("hf-tied-f32") + ["-p", "2", "-n", "1", "--dtype", dtype])
        #expect(report.model.weights == "quantized" && report.model.dtypes.map(\.dtype) == [held])
        let configuration = try configuration("hf-tied-f32")
        let weights =
            configuration.blockWeights * configuration.layers + configuration.vocabulary * configuration.dim
        #expect(report.model.weight_bytes == weights / 32 * blockSize)
        #expect(report.results.map(\.dtype) == [held, held])
        #expect(report.results.allSatisfy { ($0.limits.integer_operations_per_second ?? 0) > 0 })
    }

    /// Nothing of weights that are not finite is measured.
    @Test func refusesWeightsThatQuantizationWouldHide() throws {
        try withTemporaryFolder { folder in
            let source = folder.appending(path: "source")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: source)
            let file = source.appending(path: "model.safetensors")
            var bytes = try Data(contentsOf: file)
            // Its last matrix, of 16 rows of 32, is followed by a norm of 32.
            let last = bytes.count - 33 * 4
            bytes.replaceSubrange(last..<last + 4, with: withUnsafeBytes(of: Float.nan) { Data($0) })
            try bytes.write(to: file)
            let result = try Command.run(
                ["--checkpoints", "source", "--dtype", "q4_k", "-p", "1", "-n", "0"], folder: folder,
                program: "llama-bench")
            #expect(result.code == 65 && result.output == "")
            #expect(
                result.error.hasSuffix("found nan; use the weights as they are stored\n"), "\(result.error)")
        }
    }

    /// w2 has rows of 172, which are no whole blocks.
    @Test(arguments: [
        ("f32", ["F32"]), ("float32", ["F32"]), ("auto", ["F16"]), ("bf16", ["BF16"]),
        ("q8_0", ["Q8_0", "F16"]), ("q5_1", ["Q5_1", "F16"]), ("q4_k", ["F16"]),
    ])
    func makesWeightsOfAShape(dtype: String, expected: [String]) throws {
        let report = try report(
            ["--shape", "stories260K", "--dtype", dtype, "-p", "3", "-n", "2", "--batch", "2"])
        #expect(report.model.name == "stories260K" && report.model.weights == "random")
        #expect(report.model.parameters == 292_800)
        #expect(Set(report.model.dtypes.map(\.dtype)) == Set(expected))
        let hasBlocks = expected.contains { $0.hasPrefix("Q") }
        for result in report.results {
            #expect(result.tokens_per_second.isPlausible)
            #expect(((result.limits.integer_operations_per_second ?? 0) > 0) == hasBlocks)
        }
    }

    @Test func multipliesFloatsWhereAsked() throws {
        let report = try report(
            ["--shape", "stories260K", "--dtype", "q4_0", "-p", "3", "-n", "0", "--activations", "float32"])
        #expect(report.results.map(\.activations) == ["float32"])
        #expect(report.results.map { $0.limits.integer_operations_per_second == nil } == [true])
    }

    @Test func printsAnAlignedTable() throws {
        let result = try Command.run(
            try fixture() + ["-p", "2", "-n", "1", "--repetitions", "1", "--threads", "1"],
            program: "llama-bench")
        #expect(result.code == 0 && result.error == "")
        #expect(
            result.lines[0].contains(", 1 thread on ") && result.lines[1].contains("mapped weights, F32 "))
        #expect(result.lines[2] == "medians of 1 repetition" && result.lines[3] == "")
        let rows = result.lines[4...].filter { !$0.isEmpty }
        #expect(rows.count == 3 && rows[0].hasPrefix("kind ") && rows[1].hasPrefix("prefill "))
        #expect(rows[2].hasPrefix("decode ") && Set(rows.map(\.count)).count == 1)
    }

    @Test func measuresOperations() throws {
        let result = try Command.run(
            [
                "kernels", "--shape", "stories260K", "--tokens", "1,3", "-d", "0,20", "--repetitions", "1",
                "--threads", "2", "--json",
            ], program: "llama-bench")
        #expect(result.code == 0 && result.error == "", "\(result.error)")
        let report = try JSONDecoder().decode(KernelReport.self, from: Data(result.output.utf8))
        let names = report.results.map {
            [$0.operation, $0.dtype, "\($0.tokens)"].compactMap(\.self).joined(separator: " ")
        }
        // Rows of 64 are no whole blocks of the K formats.
        let types = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
        let expected =
            types.flatMap { ["linear \($0) 1", "linear \($0) 3"] }
            + ["swiglu F16 1", "swiglu F16 3", "rms_norm 1", "rms_norm 3"]
            + [0, 20].flatMap { _ in ["attention 1", "attention 3"] } + ["log_sum_exp 1"]
        #expect(names == expected)
        for result in report.results {
            #expect(result.seconds.isPlausible && result.bytes_per_second > 0 && result.bandwidth_share > 0)
            #expect((result.operations_per_second == nil) == (result.operation == "log_sum_exp"))
            #expect((result.depth == nil) == (result.operation != "attention"))
        }
        let text = try Command.run(
            [
                "kernels", "--shape", "stories15M", "--dtype", "q8_0", "--tokens", "1", "-d", "3",
                "--repetitions", "1",
            ], program: "llama-bench")
        #expect(text.code == 0 && text.error == "")
        #expect(text.output.contains("\nlinear       Q8_0 ") && text.output.contains("\nattention "))
    }
}
