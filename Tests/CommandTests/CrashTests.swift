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
            let descriptor = Command.openForWriting(pipe, whenReadBy: process)
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

    /// The runtime's own handler stays where it is asked for.
    @Test func reportsABacktraceWhereItIsAskedFor() throws {
        let launcher = [
            "/usr/bin/env", "LLAMA_BACKTRACE=1", "SWIFT_BACKTRACE=enable=yes,interactive=no,color=no",
        ]
        try withWaiting("llama-run", launcher: launcher) { process, errors in
            kill(process.processIdentifier, SIGSEGV)
            let error = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(error.contains("crashed"))
        }
    }

    /// A parent may have blocked the signals, and children inherit that.
    @Test(arguments: [SIGINT, SIGTERM, SIGQUIT, SIGSEGV]) func endsThoughItsParentBlockedTheSignal(
        number: Int32
    ) throws {
        var (mask, before) = (sigset_t(), sigset_t())
        sigemptyset(&mask)
        sigaddset(&mask, number)
        pthread_sigmask(SIG_BLOCK, &mask, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try withWaiting("llama-run") { process, errors in
            kill(process.processIdentifier, number)
            _ = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == number)
        }
    }

    /// On a terminal, the runtime would ask what to do.
    @Test func quitsOnATerminal() throws {
        let terminal = try PseudoTerminal()
        // The shell survives to say how the command has ended.
        let launcher = [
            "/usr/bin/setsid", "--ctty", "--wait", "/bin/sh", "-c", #"trap : QUIT; "$@"; echo "exit $?""#,
            "sh",
        ]
        var shown = ""
        try withWaiting("llama-run", launcher: launcher, streams: terminal.handle) { process, _ in
            try terminal.type("\u{1C}")
            shown = terminal.text(while: process)
        }
        #expect(shown.contains("exit \(128 + SIGQUIT)\r\n"), "\(shown)")
        #expect(!shown.contains("crashed") && !shown.contains("Backtrac"), "\(shown)")
    }
}
