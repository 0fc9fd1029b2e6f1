import ArgumentParser

/// What is read and written.
struct FileFlags: ParsableArguments {
    /// The heading of these options in the help.
    static let title = "Model, prompts and output"

    @Option(help: ArgumentHelp("Folder of the checkpoint, or a file in it.", valueName: "dir"))
    var checkpoints: String

    @Option(
        help: ArgumentHelp(
            "Tokenizer, or a GGUF file, checkpoint or folder with one; default: the checkpoint's own.",
            valueName: "file"))
    var tokenizer: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Text to complete; may be given several times.", valueName: "text"))
    var prompt: [String] = []

    @Option(
        help: ArgumentHelp(
            "Prompts from a file: .txt (one per line), .json (array of strings) or .jsonl "
                + "({\"prompt\": …}, {\"prompt_ids\": […]}, {\"messages\": [{\"role\": …, \"content\": …}, …]} or "
                + "{\"instruction\": …, \"input\": …} per line, and settings by the names of options, such as \"top_k\": 40); "
                + "- for standard input.",
            valueName: "file"))
    var prompts: String?

    @Option(
        help: ArgumentHelp(
            "Write one JSON object per prompt; - for standard output.", valueName: "file.jsonl"))
    var output: String?

    @Flag(help: "Let a terminal obey control characters in the text, instead of showing them.")
    var raw = false

    @Flag(help: "No progress and no summary; with --output, no text either.")
    var quiet = false

    @Flag(help: "Progress, summary and details even if standard error is not a terminal.")
    var verbose = false
}
