import LlamaCommands
import Glibc

/// Answers each line of standard input on standard output, in bounded memory.
enum LineFilter {
    /// Output is written once it has this many bytes, or when reading would block.
    private static let bufferSize = 1 << 16

    /// Runs to the end of the input or to the first bad line.
    ///
    /// - Parameter answer: Returns a line's answer, without the line feed that ends it.
    static func run(_ answer: ([UInt8]) throws(BadLine) -> String) throws(Failure) {
        Interrupt.watch()
        var lines = LineReader(STDIN_FILENO, named: "standard input")
        var output = ""
        func flush() throws(Failure) {
            // Lines for a person spell control characters out themselves.
            try Console.output(output, spelling: .json)
            output.removeAll(keepingCapacity: true)
        }
        do throws(Failure) {
            while let line = try lines.next(beforeWaiting: flush) {
                do {
                    output += try answer(line) + "\n"
                } catch {
                    throw Failure(error, in: lines)
                }
                if output.utf8.count >= bufferSize { try flush() }
                if Interrupt.isRequested {
                    throw Failure(Failure.interrupted, "interrupted after line \(lines.lineNumber)")
                }
            }
        } catch {
            // Output that could not be written is not tried again.
            if error.code != Failure.cannotWrite { try flush() }
            throw error
        }
        try flush()
    }
}

extension Failure {
    /// Names the line that was read last.
    init(_ error: BadLine, in lines: LineReader) {
        let location = error.location.map { ", " + $0 } ?? ""
        self.init(
            Failure.badData,
            "\(lines.name), line \(lines.lineNumber)\(location): expected \(error.expected), found \(error.found)"
        )
    }
}
