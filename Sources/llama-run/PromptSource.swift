import Generation
import Glibc
import Tensors

/// Gathers the prompts that the command line names.
enum PromptSource {
    static func prompts(_ options: LlamaRun) throws -> [Prompt] {
        var prompts: [Prompt] = []
        for (index, text) in options.prompt.enumerated() {
            let source = options.prompt.count == 1 ? "--prompt" : "--prompt \(index + 1)"
            prompts.append(Prompt(.text(text), source: source))
        }
        guard let path = options.prompts else { return prompts }
        if path == "-" {
            let bytes = try readStandardInput()
            return try prompts + bytes.withUnsafeBytes { try PromptList.parse($0, name: "standard input") }
        }
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw Failure(Failure.noInput, "\(path): cannot be read: \(error.reason)")
        }
        return try prompts + PromptList.parse(file.bytes, name: path)
    }

    private static func readStandardInput() throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw Failure(
                    Failure.noInput, "standard input: cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
