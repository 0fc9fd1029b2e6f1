import LlamaCommands
import Glibc

/// The lines of a stream, as they come.
struct LineReader {
    /// A line beyond this is refused: memory stays bounded whatever comes in.
    static let longestLine = 64 << 20

    /// What errors call the stream.
    let name: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// The bytes of the buffer that have been given out, and those that hold no line end behind them.
    private var start = 0
    private var searched = 0
    private var isAtEnd = false
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)
    /// The number of lines given out, which is the number of the last one, counted from 1.
    private(set) var lineNumber = 0

    init(_ descriptor: Int32, named name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// The next line, without its line feed; nil at the end.
    ///
    /// - Parameter beforeWaiting: Called before a read that may wait: who sends a line may wait for its answer.
    mutating func next(beforeWaiting: () throws(Failure) -> Void) throws(Failure) -> [UInt8]? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return take(end, skipping: 1)
            }
            searched = buffer.count
            if isAtEnd { return start < buffer.count ? take(buffer.count, skipping: 0) : nil }
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

    private mutating func take(_ end: Int, skipping separator: Int) -> [UInt8] {
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

    /// Waits until there is something to read; Ctrl-C ends that.
    private func wait() throws(Failure) {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !Interrupt.isRequested {
            // An interrupt just before the call does not end it, so it may not last.
            let ready = poll(&request, 1, 500)
            // Trouble is the read's to report.
            if ready > 0 || ready < 0 && errno != EINTR { return }
        }
        throw Failure(Failure.interrupted, "interrupted after line \(lineNumber)")
    }
}
