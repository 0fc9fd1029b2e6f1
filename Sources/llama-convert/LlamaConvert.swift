import ArgumentParser

/// `llama-convert`: what a checkpoint is, and how two differ.
@main
struct LlamaConvert: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-convert",
        abstract: "Look into Llama checkpoints and compare them.",
        discussion: """
              llama-convert inspect llama-2-7b
              llama-convert diff llama-2-7b llama-2-7b-hf
            """,
        subcommands: [Inspect.self, Diff.self])
}
