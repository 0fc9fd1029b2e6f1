import ArgumentParser

/// `llama-convert`: turns checkpoints into other formats, says what one is, and how two differ.
@main
struct LlamaConvert: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-convert",
        abstract: "Convert Llama checkpoints, look into them and compare them.",
        discussion: """
              llama-convert llama-2-7b llama-2-7b-hf --to huggingface --verify
              llama-convert llama-2-7b-hf llama-2-7b.gguf --to gguf --dtype q8_0
              llama-convert inspect llama-2-7b
              llama-convert diff llama-2-7b llama-2-7b-hf
            """,
        subcommands: [Convert.self, Inspect.self, Diff.self], defaultSubcommand: Convert.self)
}
