import ArgumentParser
import LlamaCommands

/// `llama-train`: trains a small Llama on a text file.
@main
struct LlamaTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-train",
        abstract: "Train a small Llama on a text, or measure the loss of one.",
        version: Release.line("llama-train"), subcommands: [Train.self, Evaluate.self],
        defaultSubcommand: Train.self)

    static func main() { runCommand(LlamaTrain.self) }
}
