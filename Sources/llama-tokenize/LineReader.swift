import LlamaCommands
import Glibc

/// The lines of a stream, as they arrive.
struct LineReader {
    /// Longest line, in bytes; a longer one is refused, so that memory stays bounded.
    static let longestLine = 64 << 20

    /// What errors call the stream.
    let name: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Offsets in the buffer: where the next line starts, and where the search for its end resumes.
    private var start = 0
    private var searched = 0
    private var isAtEnd = false
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)
    /// How many lines have been returned; the number of the last one, counted from 1.
    private(set) var lineNumber = 0

    init(_ descriptor: Int32, named name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// The next line, without its line feed; nil at the end.
    ///
    /// - Parameter beforeWaiting: Called before a read that may block: the sender may be waiting for an answer.
    mutating func next(beforeWaiting: () throws(Failure) -> Void) throws(Failure) -> [UInt8]? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return line(to: end, skipping: 1)
            }
            searched = buffer.count
            if isAtEnd { return start < buffer.count ? line(to: buffer.count, skipping: 0) : nil }
            guard buffer.count - start <= Self.longestLine else {
                throw Failure(
                    Failure.badData,
                    "\(name), line \(lineNumber + 1): expected at most \(Self.longestLine >> 20) MiB, found more"
                )
            }
            buffer.removeFirst(start)
            searched -= start
            start = 0
            try beforeWaiting()
            try fill()
        }
    }

    private mutating func line(to end: Int, skipping separator: Int) -> [UInt8] {
        let line = Array(buffer[start..<end])
        start = end + separator
        searched = start
        lineNumber += 1
        return line
    }

    private mutating func fill() throws(Failure) {
        try wait()
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { return }
        guard count >= 0 else {
            throw Failure(Failure.noInput, "\(name): cannot be read: \(String(cString: strerror(errno)))")
        }
        isAtEnd = count == 0
        buffer += chunk[..<count]
    }

    /// Waits until there is something to read, or for Ctrl-C.
    private func wait() throws(Failure) {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !Interrupt.isRequested {
            // An interrupt just before the call does not end it, hence the timeout.
            let ready = poll(&request, 1, 500)
            // Errors are reported by the read.
            if ready > 0 || ready < 0 && errno != EINTR { return }
        }
        throw Failure(Failure.interrupted, "interrupted after line \(lineNumber)")
    }
}
