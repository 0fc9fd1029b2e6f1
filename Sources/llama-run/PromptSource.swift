import Glibc
import LlamaFiles
import LlamaGeneration

/// Gathers the prompts that the command line names.
enum PromptSource {
    /// The largest list of prompts that is read, in bytes.
    private static let byteLimit = 1 << 30

    /// The prompts of `--prompt`, then those of `--prompts`, with the settings of their lines.
    ///
    /// - Throws: ``WholeFile/Failure`` and ``GenerationError``.
    static func prompts(_ options: LlamaRun) throws -> [PromptList.Entry] {
        var prompts: [PromptList.Entry] = []
        for (index, text) in options.files.prompt.enumerated() {
            let source = options.files.prompt.count == 1 ? "--prompt" : "--prompt \(index + 1)"
            prompts.append(PromptList.Entry(.text(text), source: source))
        }
        guard let path = options.files.prompts else { return prompts }
        let name = path == "-" ? "standard input" : path
        let bytes =
            try path == "-"
            ? WholeFile.read(STDIN_FILENO, named: name, limit: byteLimit)
            : WholeFile.read(path, limit: byteLimit)
        return try prompts + bytes.withUnsafeBytes { try PromptList.parse($0, name: name) }
    }
}
