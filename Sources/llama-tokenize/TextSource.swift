import LlamaCommands
import Glibc
import LlamaJSON
import LlamaTokenizers

/// The texts on which tokenizers are compared.
enum TextSource {
    /// Calls `body` with every text of a file and the text's origin.
    ///
    /// - Parameter path: The file; nil for the built-in texts.
    static func read(_ path: String?, _ body: (_ text: String, _ source: String) -> Void) throws(Failure) {
        guard let path else {
            for (index, text) in adversarialTexts.enumerated() {
                body(text, "built-in text \(index + 1)")
                guard !Interrupt.isRequested else { throw Failure(Failure.interrupted, "interrupted") }
            }
            return
        }
        guard path != "-" else {
            return try read(LineReader(STDIN_FILENO, named: "standard input"), isJSON: false, body)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(Failure.noInput, "\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        try read(LineReader(descriptor, named: path), isJSON: path.hasSuffix(".jsonl"), body)
    }

    private static func read(
        _ lines: LineReader, isJSON: Bool, _ body: (String, String) -> Void
    ) throws(Failure) {
        var lines = lines
        while let line = try lines.next(beforeWaiting: { () throws(Failure) in }) {
            do throws(BadLine) {
                body(try text(line, isJSON: isJSON), "line \(lines.lineNumber)")
            } catch {
                throw Failure(error, in: lines)
            }
            if Interrupt.isRequested {
                throw Failure(Failure.interrupted, "interrupted after line \(lines.lineNumber)")
            }
        }
    }

    private static func text(_ line: [UInt8], isJSON: Bool) throws(BadLine) -> String {
        guard isJSON else {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw BadLine(expected: "UTF-8", found: "bytes that are not")
            }
            return text
        }
        do throws(JSONError) {
            let value = try JSONLine.value(line)
            return try (value.isObject ? value.member("text") : value).string()
        } catch {
            throw BadLine(expected: "a JSON string, or an object with a \"text\"", error)
        }
    }
}
