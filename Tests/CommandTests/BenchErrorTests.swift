import Foundation
import LlamaTestSupport
import Testing

/// What `llama-bench` refuses, and how it ends early.
struct BenchErrorTests {
    private static let list = "with commas between them"
    private static let tokens = "expected numbers from 0 to 10000000 \(list), found"

    @Test(arguments: [
        ([], "give the folder of --checkpoints, or a --shape"),
        (
            ["--checkpoints", "x", "--shape", "tinyllama"],
            "--shape: expected none with --checkpoints, found tinyllama"
        ),
        (["--checkpoints", ""], "--checkpoints: expected a path, found none"),
        (
            ["--checkpoints", "x", "--dtype", "q4_1"],
            "--dtype: expected auto, float32, q8_0, q4_0, q4_k or q6_k with --checkpoints, found q4_1"
        ),
        (
            ["--shape", "stories260K", "--activations", "int4"],
            "--activations: expected int8, bfloat16 or float32, found int4"
        ),
        (["--shape", "stories260K", "-p", "12,"], "--prompt: \(tokens) 12,"),
        (["--shape", "stories260K", "--prompt", "-1"], "--prompt: \(tokens) -1"),
        (["--shape", "stories260K", "-n", "1e3"], "--generate: \(tokens) 1e3"),
        (["--shape", "stories260K", "-n", "10000001"], "--generate: \(tokens) 10000001"),
        (["--shape", "stories260K", "-d", "0;4"], "--depth: \(tokens) 0;4"),
        (["--shape", "stories260K", "--depth", ""], "--depth: \(tokens) nothing"),
        (
            ["--shape", "stories260K", "--batch", "0"],
            "--batch: expected numbers from 1 to 1024 \(list), found 0"
        ),
        (
            ["--shape", "stories260K", "-p", "0", "-n", "0"],
            "--generate: expected more than 0 where --prompt is 0, found 0"
        ),
        (["--shape", "stories260K", "--threads", "0"], "--threads: expected 1 to 1024, found 0"),
        (["--shape", "stories260K", "--repetitions", "0"], "--repetitions: expected 1 to 1000, found 0"),
        (["--shape", "stories260K", "--batchs", "1"], "unknown option --batchs; did you mean --batch?"),
    ])
    func refusesByName(arguments: [String], message: String) throws {
        let result = try Command.run(arguments, program: "llama-bench")
        #expect(result.code == 64 && result.output == "")
        #expect(result.error.hasPrefix("llama-bench: error: \(message)\n"), "\(result.error)")
    }

    @Test(arguments: [
        (["--tokens", "0"], "--tokens: expected numbers from 1 to 4096 \(list), found 0"),
        (["-d", "x"], "--depth: expected numbers from 0 to 1000000 \(list), found x"),
        (["--threads", "2000"], "--threads: expected 1 to 1024, found 2000"),
        (["--repetitions", "-1"], "--repetitions: expected 1 to 1000, found -1"),
        (
            ["--dtype", "int4"],
            "--dtype: expected auto, float32, f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k or q6_k, found int4"
        ),
    ])
    func kernelsRefusesByName(arguments: [String], message: String) throws {
        let result = try Command.run(["kernels"] + arguments, program: "llama-bench")
        #expect(result.code == 64 && result.output == "")
        #expect(result.error == "llama-bench: error: \(message)\nSee 'llama-bench kernels --help'.\n")
    }

    @Test func unknownShapesAreListed() throws {
        let result = try Command.run(["--shape", "gpt2"], program: "llama-bench")
        #expect(result.code == 64)
        #expect(result.error.contains("--shape: expected stories260K, stories15M, "))
    }

    /// The model's context is 128 tokens.
    @Test(arguments: [
        (["-p", "100,8", "-n", "4", "-d", "0,29"], "at most 28 with --prompt 100", "29"),
        (["-p", "8", "-n", "20", "-d", "109"], "at most 108 with --generate 20", "109"),
        (["-p", "129", "-n", "0"], "at most 0 with --prompt 129", "0"),
    ])
    func staysInTheContext(arguments: [String], expected: String, found: String) throws {
        let model = ["--checkpoints", try Fixtures.checkpoint("hf-tied-f32").path]
        let result = try Command.run(model + arguments, program: "llama-bench")
        #expect(result.code == 64 && result.output == "")
        let message = "expected \(expected), as the model's context is 128 tokens, found \(found)"
        #expect(result.error == "llama-bench: error: --depth: \(message)\n")
    }

    @Test func saysWhatMemoryWouldBeNeeded() throws {
        let result = try Command.run(
            ["--shape", "llama2-13b", "--dtype", "f32", "-d", "10000000", "--batch", "1024"],
            program: "llama-bench")
        #expect(result.code == 71 && result.output == "")
        #expect(result.error.hasPrefix("llama-bench: error: memory: expected at most "))
        #expect(result.error.contains("52.06 GB for weights and "))
    }

    @Test func saysWhatCannotBeOpened() throws {
        let missing = try Command.run(["--checkpoints", "/nonexistent/x"], program: "llama-bench")
        #expect(missing.code == 66 && missing.output == "")
        #expect(missing.error == "llama-bench: error: /nonexistent/x: no such file or directory\n")
        let unknown = try Command.run(
            ["--shape", "stories260K"], environment: ["LLAMA_KERNELS": "sse"], program: "llama-bench")
        #expect(unknown.code == 64 && unknown.error.contains("LLAMA_KERNELS: expected "))
    }

    @Test(arguments: [
        ["--shape", "stories15M", "-p", "64", "-n", "1000"], ["kernels", "--shape", "stories15M"],
    ])
    func anInterruptPrintsNothingHalfDone(arguments: [String]) throws {
        let process = try Command.process(arguments + ["--repetitions", "1000"], program: "llama-bench")
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        Command.limit(process)
        // The signal kills the process until it watches for it.
        Command.wait(for: process) { Self.catchesInterrupts(process) }
        usleep(200_000)
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.code == 130)
        #expect(output.fileHandleForReading.readDataToEndOfFile().isEmpty)
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(
            message
                == "llama-bench: error: interrupted before everything was measured; nothing was printed\n")
    }

    private static func catchesInterrupts(_ process: Process) -> Bool {
        let path = "/proc/\(process.processIdentifier)/status"
        let status = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let mask =
            line.flatMap { UInt64($0.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16) } ?? 0
        return mask >> UInt64(SIGINT - 1) & 1 == 1
    }

    @Test func aClosedPipeIsQuiet() throws {
        let result = try Command.shell(
            #"{ sleep 0.1; "$@"; echo "exit $?" >&2; } | true"#,
            ["--shape", "stories260K", "-p", "1", "-n", "0", "--repetitions", "1"], program: "llama-bench")
        #expect(result.error == "exit \(128 + SIGPIPE)\n")
    }

    @Test func helpNamesEveryOption() throws {
        let help = try Command.run(["--help"], program: "llama-bench")
        let long = try Command.run(["help", "model"], program: "llama-bench")
        #expect(help.code == 0 && long.code == 0 && help.error == "" && long.error == "")
        let options = long.lines.compactMap { line in
            line.firstMatch(of: #/^  (?:-[a-z], )?(--[a-z]+) /#).map { String($0.1) }
        }.filter { $0 != "--version" && $0 != "--help" }
        #expect(options.count == 11)
        for option in options { #expect(help.output.contains("\(option) "), "\(option)") }
        #expect(help.lines.allSatisfy { $0.count <= 80 })
        #expect(long.output.contains("filled with random\nblocks"))
    }
}
