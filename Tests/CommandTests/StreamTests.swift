import Foundation
import Glibc
import LlamaTestSupport
import Testing

/// Pipes, closed streams, terminals and signals.
struct StreamTests {
    let model: [String]
    let withText: [String]

    init() throws {
        model = ["--checkpoints", try Fixtures.checkpoint("hf-tied-f32").path]
        withText = model + ["--tokenizer", try Fixtures.tokenizer("char.model").path]
    }

    @Test func aClosedPipeEndsItQuietly() throws {
        let result = try Command.shell(
            #"{ "$@"; echo "exit $?" >&2; } | head -c 1"#,
            withText + ["--prompt", "a", "--max-gen-len", "5000", "--max-seq-len", "5000", "--quiet"])
        #expect(result.output.utf8.count == 1)
        #expect(result.error == "exit \(128 + SIGPIPE)\n")
    }

    @Test func readsPromptsFromAPipe() throws {
        let result = try Command.shell(
            #"echo a | "$@" --prompts /dev/stdin"#,
            withText + ["--max-gen-len", "3", "--output", "-"])
        #expect(result.error == "")
        #expect(try result.records.first?.prompt == "a")
    }

    @Test func recordsDoNotMixWithAClosedStandardOutput() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "out.jsonl")
            let arguments = withText + ["--prompt", "a", "--max-gen-len", "3", "--output", file.path]
            let loud = try Command.shell(#""$@" >&-"#, arguments)
            #expect(loud.code == 74)
            #expect(
                loud.error == "llama-run: error: standard output: cannot be written: Bad file descriptor\n")
            #expect(try Data(contentsOf: file).isEmpty)
            let quiet = try Command.shell(#""$@" --quiet >&- 2>&- <&-"#, arguments)
            #expect(quiet.code == 0)
            #expect(try Record.lines(Data(contentsOf: file)).count == 1)
        }
    }

    @Test func aFullDiskIsNoticedOnStandardOutput() throws {
        let result = try Command.shell(#""$@" >/dev/full"#, withText + ["--prompt", "a"])
        #expect(result.code == 74)
        #expect(
            result.error == "llama-run: error: standard output: cannot be written: No space left on device\n")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func anInterruptKeepsWhatIsDone(number: Int32) throws {
        try withTemporaryFolder { folder in
            let (list, file) = (folder.appending(path: "in.jsonl"), folder.appending(path: "out.jsonl"))
            let count = 20_000
            try Data(String(repeating: "{\"prompt_ids\":[7,8]}\n", count: count).utf8).write(to: list)
            let process = try Command.process(
                model + ["--prompts", list.path, "--output", file.path, "--quiet", "--max-gen-len", "100"])
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            Command.limit(process)
            Command.wait(for: process, toWrite: file)
            let clock = ContinuousClock()
            let interrupted = clock.now
            kill(process.processIdentifier, number)
            process.waitUntilExit()
            #expect(clock.now - interrupted < .seconds(5))
            #expect(process.terminationReason == .exit && process.code == 128 + number)
            let records = try Record.lines(Data(contentsOf: file))
            #expect(records.map { $0.index } == Array(0..<records.count))
            #expect(records.count > 0 && records.count < count)
            let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(
                message == "llama-run: error: interrupted; \(records.count) of \(count) prompts are done\n")
        }
    }

    /// `nohup` has it ignored, and so it stays; Ctrl-C and SIGTERM still end the run.
    @Test(arguments: [SIGHUP, SIGTERM]) func anIgnoredSignalStaysIgnored(number: Int32) throws {
        try withTemporaryFolder { folder in
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            let file = folder.appending(path: "out.jsonl")
            let list = folder.appending(path: "in.jsonl")
            try Data(String(repeating: "{\"prompt_ids\":[7,8]}\n", count: 20_000).utf8).write(to: list)
            process.arguments =
                ["-c", "trap '' \(number == SIGHUP ? "HUP" : "TERM"); exec \"$@\"", "sh"]
                + [try Command.executable().path] + model
                + ["--prompts", list.path, "--output", file.path, "--quiet", "--max-gen-len", "100"]
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            Command.limit(process)
            func count() -> Int { (try? Data(contentsOf: file).count) ?? 0 }
            Command.wait(for: process) { count() > 0 }
            kill(process.processIdentifier, number)
            let before = count()
            Command.wait(for: process) { count() >= before + 50_000 }
            #expect(process.isRunning)
            kill(process.processIdentifier, SIGINT)
            process.waitUntilExit()
            #expect(process.code == 130)
        }
    }

    /// But not a second SIGHUP, as a closed terminal may send several, nor SIGTERM again at once.
    @Test(arguments: [(SIGINT, SIGINT), (SIGHUP, SIGTERM), (SIGTERM, SIGINT)])
    func aSecondInterruptKills(first: Int32, second: Int32) throws {
        // Nothing reads the separators, so that it hangs in a write; the first interrupt does not end that.
        let prompts = Array(repeating: ["--prompt", "a"], count: 200).flatMap(\.self)
        let process = try Command.process(withText + prompts + ["--max-gen-len", "0"])
        let output = Pipe()
        _ = fcntl(output.fileHandleForWriting.fileDescriptor, 1031 /* F_SETPIPE_SZ */, 4096)
        process.standardOutput = output
        try process.run()
        Command.limit(process)
        // It hangs once the pipe is nearly full and stays as it is for a second.
        var (waiting, unchanged): (Int32, Int) = (0, 0)
        while process.isRunning, unchanged < 50 {
            usleep(20_000)
            let before = waiting
            _ = ioctl(output.fileHandleForReading.fileDescriptor, UInt(FIONREAD), &waiting)
            unchanged = waiting == before && waiting > 4096 - 64 ? unchanged + 1 : 0
        }
        // `timeout` sends SIGTERM to the process and then to its group.
        for number in first == SIGTERM ? [first, SIGTERM, SIGHUP] : [first, SIGHUP] {
            kill(process.processIdentifier, number)
            usleep(number == SIGTERM ? 50_000 : 300_000)
            #expect(process.isRunning)
        }
        kill(process.processIdentifier, second)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(process.terminationStatus == second)
    }

    @Test func aTerminalGetsABarAndASummary() throws {
        let terminal = try Terminal.run(
            withText + ["--prompt", "a", "--prompt", "b", "--max-gen-len", "20"], .error)
        let shown = terminal.shown
        #expect(terminal.code == 0)
        #expect(shown.contains(String(repeating: "█", count: 30) + " 2/2 prompts, 40 tokens"))
        // The bar is gone before the summary is there.
        let summary = try #require(terminal.frames.last)
        #expect(summary.hasPrefix("load "))
        #expect(summary.contains("prompt 6 tokens") && summary.contains("generated 40 tokens"))
        #expect(summary.contains("peak memory"))
    }
}
