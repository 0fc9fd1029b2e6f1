import Glibc
import LlamaFiles
import LlamaGeneration

/// Gathers the prompts that the command line names.
enum PromptSource {
    /// The largest list of prompts that is read, in bytes.
    private static let byteLimit = 1 << 30

    /// The prompts of `--prompt`, then those of `--prompts`.
    ///
    /// - Throws: ``WholeFile/Failure`` and ``GenerationError``.
    static func prompts(_ options: LlamaRun) throws -> [Prompt] {
        var prompts: [Prompt] = []
        for (index, text) in options.prompt.enumerated() {
            let source = options.prompt.count == 1 ? "--prompt" : "--prompt \(index + 1)"
            prompts.append(Prompt(.text(text), source: source))
        }
        guard let path = options.prompts else { return prompts }
        let name = path == "-" ? "standard input" : path
        let bytes =
            try path == "-"
            ? WholeFile.read(STDIN_FILENO, named: name, limit: byteLimit)
            : WholeFile.read(path, limit: byteLimit)
        return try prompts + bytes.withUnsafeBytes { try PromptList.parse($0, name: name) }
    }
}
