import LlamaCommands
import LlamaGeneration
import Glibc

/// Writes completions as lines of JSON, in the order of their prompts, each as soon as it can be.
struct RecordWriter {
    private let path: String
    private let descriptor: Int32
    private var next = 0
    private var pending: [Int: String] = [:]

    /// Creates or truncates the file; `-` is standard output.
    ///
    /// - Parameter inputs: Files that the run reads, which must not be overwritten.
    init(path: String, inputs: [String]) throws(Failure) {
        guard path != "-" else {
            self.path = "standard output"
            descriptor = STDOUT_FILENO
            return
        }
        if let input = inputs.first(where: { RecordWriter.isSameFile(path, $0) }) {
            throw Failure(Failure.cannotCreate, "\(path): cannot be written: this run reads it (\(input))")
        }
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw Failure(
                Failure.cannotCreate, "\(path): cannot be created: \(String(cString: strerror(errno)))")
        }
    }

    private static func isSameFile(_ left: String, _ right: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(left, &first) == 0, stat(right, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Writes a prompt's completions once those before it are written, and then those that waited for it.
    mutating func add(_ completions: [Completion], of index: Int) throws(Failure) {
        pending[index] = Completion.json(completions) + "\n"
        while let line = pending.removeValue(forKey: next) {
            try write(line)
            next += 1
        }
    }

    /// Writes the completions that still wait for earlier ones, and closes the file.
    mutating func close() throws(Failure) {
        for (_, line) in pending.sorted(by: { $0.key < $1.key }) { try write(line) }
        pending.removeAll()
        guard descriptor != STDOUT_FILENO, Glibc.close(descriptor) != 0 else { return }
        throw Failure(Failure.cannotWrite, "\(path): cannot be written: \(String(cString: strerror(errno)))")
    }

    private func write(_ line: String) throws(Failure) {
        if descriptor == STDOUT_FILENO {
            try Console.output(line, spelling: .json)
        } else {
            try Console.write(line, to: descriptor, named: path)
        }
    }
}
