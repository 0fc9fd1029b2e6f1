import Glibc

/// Standard output and standard error, unbuffered.
package enum Console {
    /// Whether standard error is a terminal.
    package static var errorIsTerminal: Bool { isatty(STDERR_FILENO) != 0 }
    /// Whether standard output is a terminal.
    package static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) != 0 }

    /// Opens those of the standard streams that were closed, so that no file gets their descriptors.
    ///
    /// Opened in the wrong direction, so that using one still fails.
    package static func reserveStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes a line to standard error; a failure is ignored, as there is nowhere to report it.
    package static func error(_ line: String) {
        try? write(line + "\n", to: STDERR_FILENO, named: "standard error")
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
