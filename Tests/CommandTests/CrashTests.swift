import Foundation
import Glibc
import LlamaTestSupport
import Testing

/// A crash, or Ctrl-\, ends a command at once; no backtrace, no prompt.
struct CrashTests {
    /// A command that waits for its tokenizer, which is a pipe.
    ///
    /// - Parameter launcher: Starts the command that follows; none to start it directly.
    private func withWaiting(
        _ program: String, launcher: [String] = [], streams: FileHandle? = nil,
        _ body: (Process, Pipe) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let pipe = folder.appending(path: "pipe").path
            try #require(mkfifo(pipe, 0o600) == 0)
            let model = try Fixtures.checkpoint("hf-tied-f32").path
            let text = folder.appending(path: "text.txt")
            try Data("text".utf8).write(to: text)
            let arguments =
                switch program {
                case "llama-convert": [model, folder.path + "/out", "--to", "meta"]
                case "llama-tokenize": ["encode"]
                case "llama-train": ["evaluate", "--checkpoints", model, "--data", text.path]
                default: ["--checkpoints", model, "--prompt", "a"]
                }
            let words = launcher + [try Command.executable(program).path] + arguments + ["--tokenizer", pipe]
            let process = Process()
            process.executableURL = URL(filePath: words[0])
            process.arguments = Array(words.dropFirst())
            let errors = Pipe()
            process.standardInput = streams ?? FileHandle.nullDevice
            process.standardOutput = streams ?? FileHandle.nullDevice
            process.standardError = streams ?? errors
            // A test runner that was started in the background ignores SIGQUIT, and would pass that on.
            signal(SIGQUIT, SIG_DFL)
            try process.run()
            Command.limit(process)
            // Fails until the command has opened it for reading.
            var descriptor = open(pipe, O_WRONLY | O_NONBLOCK)
            while descriptor < 0, process.isRunning {
                usleep(2000)
                descriptor = open(pipe, O_WRONLY | O_NONBLOCK)
            }
            defer { if descriptor >= 0 { close(descriptor) } }
            try body(process, errors)
        }
    }

    @Test(
        arguments: ["llama-run", "llama-convert", "llama-tokenize", "llama-train"],
        [SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGQUIT])
    func endsQuietly(program: String, number: Int32) throws {
        try withWaiting(program) { process, errors in
            kill(process.processIdentifier, number)
            let error = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(error == "")
            #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == number)
        }
    }

    /// On a terminal, the runtime would ask what to do.
    @Test func quitsOnATerminal() throws {
        let main = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)
        try #require(main >= 0)
        defer { close(main) }
        // What unlockpt(3) and ptsname(3) do, which the Swift overlay leaves out: TIOCSPTLCK and TIOCGPTN.
        var (lock, number): (Int32, Int32) = (0, -1)
        try #require(ioctl(main, 0x4004_5431, &lock) == 0 && ioctl(main, 0x8004_5430, &number) == 0)
        let terminal = try #require(FileHandle(forUpdatingAtPath: "/dev/pts/\(number)"))
        // The shell survives to say how the command has ended.
        let launcher = [
            "/usr/bin/setsid", "--ctty", "--wait", "/bin/sh", "-c", #"trap : QUIT; "$@"; echo "exit $?""#,
            "sh",
        ]
        var bytes: [UInt8] = []
        try withWaiting("llama-run", launcher: launcher, streams: terminal) { process, _ in
            try #require(write(main, "\u{1C}", 1) == 1)
            var chunk = [UInt8](repeating: 0, count: 1 << 12)
            var isRunning = true
            while isRunning {
                isRunning = process.isRunning
                usleep(10_000)
                var count = read(main, &chunk, chunk.count)
                while count > 0 {
                    bytes += chunk[..<count]
                    count = read(main, &chunk, chunk.count)
                }
            }
        }
        let shown = String(decoding: bytes, as: UTF8.self)
        #expect(shown.contains("exit \(128 + SIGQUIT)\r\n"), "\(shown)")
        #expect(!shown.contains("crashed") && !shown.contains("Backtrac"), "\(shown)")
    }
}
