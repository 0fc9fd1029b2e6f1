import LlamaTestSupport
import Foundation
import Testing

/// A finished run of a program: its output and exit code.
struct Command {
    let output: String
    let error: String
    /// Exit code, or 128 and the number of the signal that ended it, as shells count.
    let code: Int32

    /// Lines on standard output.
    var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    /// The JSON lines on standard output.
    var records: [Record] {
        get throws { try Record.lines(Data(output.utf8)) }
    }

    /// A built program, beside the test runner.
    static func executable(_ program: String = "llama-run") throws -> URL {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let url = URL(filePath: runner).deletingLastPathComponent().appending(path: program)
        try #require(FileManager.default.isExecutableFile(atPath: url.path), "\(url.path) is not built")
        return url
    }

    /// Runs `llama-run`, or another program.
    static func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:], folder: URL? = nil,
        program: String = "llama-run"
    ) throws -> Command {
        try launch(executable(program), arguments, input: input, environment: environment, folder: folder)
    }

    /// Runs a shell script in which `"$@"` is `llama-run`, or another program, with `arguments`.
    static func shell(
        _ script: String, _ arguments: [String], program: String = "llama-run"
    ) throws -> Command {
        try launch(URL(filePath: "/bin/sh"), ["-c", script, "sh", executable(program).path] + arguments)
    }

    /// A process that has not been started, with nothing on standard input.
    static func process(_ arguments: [String], program: String = "llama-run") throws -> Process {
        let process = Process()
        process.executableURL = try executable(program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// Waits until a condition holds or a process ends.
    static func wait(for process: Process, until condition: () -> Bool) {
        while process.isRunning, !condition() { usleep(2000) }
    }

    /// Waits until a file has bytes or a process ends.
    static func wait(for process: Process, toWrite file: URL) {
        wait(for: process) { (try? Data(contentsOf: file))?.isEmpty == false }
    }

    /// Opens a named pipe as soon as a process reads it; a negative number if the process ends before.
    static func openForWriting(_ pipe: String, whenReadBy process: Process) -> Int32 {
        var descriptor: Int32 = -1
        wait(for: process) {
            descriptor = open(pipe, O_WRONLY | O_NONBLOCK)
            return descriptor >= 0
        }
        return descriptor
    }

    /// Kills a process that hangs, so that its test fails instead of hanging too.
    static func limit(_ process: Process, seconds: Int = 60) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
    }

    private static func launch(
        _ program: URL, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        folder: URL? = nil
    ) throws -> Command {
        try withTemporaryFolder { temporary in
            // Files rather than pipes, so that nothing needs to read while the process runs.
            let names = ["in", "out", "error"].map { temporary.appending(path: $0) }
            try Data(input.utf8).write(to: names[0])
            for name in names[1...] { try Data().write(to: name) }
            let process = Process()
            process.executableURL = program
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            process.currentDirectoryURL = folder
            process.standardInput = try FileHandle(forReadingFrom: names[0])
            process.standardOutput = try FileHandle(forWritingTo: names[1])
            process.standardError = try FileHandle(forWritingTo: names[2])
            try process.run()
            limit(process)
            process.waitUntilExit()
            return Command(
                output: String(decoding: try Data(contentsOf: names[1]), as: UTF8.self),
                error: String(decoding: try Data(contentsOf: names[2]), as: UTF8.self), code: process.code)
        }
    }
}

extension Process {
    /// Exit code, or 128 and the number of the signal that ended it, as shells count.
    var code: Int32 { terminationReason == .exit ? terminationStatus : 128 + terminationStatus }
}

/// A line that `--output` writes.
struct Record: Decodable {
    struct Logprobs: Decodable {
        let token_logprobs: [Float?]
        let top_logprobs: [[String: Float]?]
    }

    let index: Int
    let prompt: String?
    let prompt_ids: [Int]
    let completion: String?
    let completion_ids: [Int]
    let finish_reason: String
    let logprobs: Logprobs?

    /// All lines of a file.
    static func lines(_ data: Data) throws -> [Record] {
        try data.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Record.self, from: $0) }
    }
}
