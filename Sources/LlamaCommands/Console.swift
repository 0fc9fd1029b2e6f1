import Glibc
import LlamaJSON

/// Standard output and standard error, unbuffered.
package enum Console {
    /// Whether standard error is a terminal.
    package static let errorIsTerminal = isatty(STDERR_FILENO) != 0
    /// Whether standard output is a terminal.
    package static let outputIsTerminal = isatty(STDOUT_FILENO) != 0

    /// Opens those of the standard streams that were closed, so that no file gets their descriptors.
    ///
    /// Opened in the wrong direction, so that using one still fails.
    package static func reserveStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes a line to standard error; a failure is ignored, as there is nowhere to report it.
    ///
    /// Control characters, such as those of a file's name, are spelled out.
    package static func error(_ line: String) {
        try? write(line.oneLine(limit: .max) + "\n", to: STDERR_FILENO, named: "standard error")
    }

    /// How control characters are spelled on a terminal.
    package enum Spelling {
        /// As in Swift: `\u{1B}`.
        case swift
        /// As in JSON: `\u001B`.
        case json
    }

    /// Writes to standard output: to a terminal with control characters other than newline and tab spelled out, so that
    /// it does not obey what a model or a file says, and to anything else as it is.
    package static func output(_ text: String, spelling: Spelling = .swift) throws(Failure) {
        let text = outputIsTerminal ? text.visible(spelling) : text
        try write(text, to: STDOUT_FILENO, named: "standard output")
    }

    /// Writes a JSON value to standard output: indented for a person at a terminal, on one line for a program.
    package static func output(_ value: JSONText) throws(Failure) {
        try output((outputIsTerminal ? value.indented : value.serialized) + "\n", spelling: .json)
    }

    /// Writes to standard error without a line end, for a line that will be overwritten.
    package static func status(_ text: String) {
        try? write(text, to: STDERR_FILENO, named: "standard error")
    }

    /// Writes all of `text` to a file descriptor.
    package static func write(_ text: String, to descriptor: Int32, named name: String) throws(Failure) {
        var text = text
        let code = text.withUTF8 { bytes -> Int32 in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { return errno }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return 0
        }
        guard code == 0 else {
            throw Failure(
                Failure.cannotWrite, "\(name): cannot be written: \(String(cString: strerror(code)))")
        }
    }
}
