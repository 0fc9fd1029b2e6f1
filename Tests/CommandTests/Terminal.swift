import Foundation
import Glibc
import Testing

/// What a program showed on a terminal.
struct Terminal {
    /// The streams that lead to the terminal.
    enum Streams {
        case output
        case error
    }

    /// All that was written, with line feeds at the ends of lines.
    let shown: String
    /// Exit code, as in ``Command``.
    let code: Int32

    /// The texts that were drawn over each other.
    var frames: [String] { shown.components(separatedBy: "\r\u{1B}[K") }

    /// Runs a program with one of its streams on a terminal, and with the other leading nowhere.
    ///
    /// - Parameter columns: The terminal's width; 0 for a terminal that does not tell.
    static func run(
        _ arguments: [String], program: String = "llama-run", _ stream: Streams, columns: UInt16 = 0,
        environment: [String: String] = [:], folder: URL? = nil
    ) throws -> Terminal {
        let terminal = try PseudoTerminal(columns: columns)
        let process = try Command.process(arguments, program: program)
        process.environment = ProcessInfo.processInfo.environment
            .merging(["TERM": "xterm"]) { $1 }.merging(environment) { $1 }
        process.currentDirectoryURL = folder
        process.standardOutput = stream == .output ? terminal.handle : FileHandle.nullDevice
        process.standardError = stream == .error ? terminal.handle : FileHandle.nullDevice
        try process.run()
        Command.limit(process)
        let text = terminal.text(while: process).replacing("\r\n", with: "\n")
        return Terminal(shown: text, code: process.code)
    }
}

/// Both ends of a pseudo-terminal.
final class PseudoTerminal {
    /// The programs' end.
    let handle: FileHandle
    private let main: Int32

    /// - Parameter columns: The terminal's width; 0 for a terminal that does not tell.
    init(columns: UInt16 = 0) throws {
        main = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)
        try #require(main >= 0)
        // What unlockpt(3) and ptsname(3) do, which the Swift overlay leaves out: TIOCSPTLCK and TIOCGPTN.
        var (lock, number): (Int32, Int32) = (0, -1)
        try #require(ioctl(main, 0x4004_5431, &lock) == 0 && ioctl(main, 0x8004_5430, &number) == 0)
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try #require(ioctl(main, UInt(TIOCSWINSZ), &size) == 0)
        // It must not become the terminal of the tests, which its end would hang up.
        let descriptor = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(descriptor >= 0)
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    deinit { close(main) }

    /// Types a text.
    func type(_ text: String) throws { try #require(write(main, text, text.utf8.count) == text.utf8.count) }

    /// What appears until a process ends. A terminal holds a few kilobytes only, so it is read while the process writes.
    func text(while process: Process) -> String {
        var (bytes, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 12))
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
        return String(decoding: bytes, as: UTF8.self)
    }
}
