import LlamaCommands
import LlamaGeneration
import Glibc

/// Gathers the prompts that the command line names.
enum PromptSource {
    static func prompts(_ options: LlamaRun) throws -> [Prompt] {
        var prompts: [Prompt] = []
        for (index, text) in options.prompt.enumerated() {
            let source = options.prompt.count == 1 ? "--prompt" : "--prompt \(index + 1)"
            prompts.append(Prompt(.text(text), source: source))
        }
        guard let path = options.prompts else { return prompts }
        let name = path == "-" ? "standard input" : path
        let bytes = try path == "-" ? read(STDIN_FILENO, named: name) : readFile(path)
        return try prompts + bytes.withUnsafeBytes { try PromptList.parse($0, name: name) }
    }

    /// The bytes of a file, which may be a pipe (`--prompts <(…)`).
    private static func readFile(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        return try read(descriptor, named: path)
    }

    private static func read(_ descriptor: Int32, named name: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(name, errno) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    private static func unreadable(_ name: String, _ code: Int32) -> Failure {
        Failure(Failure.noInput, "\(name): cannot be read: \(String(cString: strerror(code)))")
    }
}
