import LlamaCommands
import ArgumentParser

/// `llama-run`: completes prompts with a Llama checkpoint.
@main
struct LlamaRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-run",
        abstract: "Complete text with a Llama checkpoint.",
        discussion: """
            Reads Meta checkpoints (params.json with consolidated.*.pth shards or consolidated.safetensors), \
            Hugging Face checkpoints (config.json with model.safetensors or pytorch_model.bin, sharded or not), GGUF \
            files with their own tokenizer, and llama2.c's .bin files.

              llama-run --checkpoints llama-2-7b --prompt "The capital of France is"
              llama-run --checkpoints llama-2-7b --prompts in.jsonl --output out.jsonl
              llama-run --checkpoints llama-2-7b-chat --chat-format auto --prompt "What is the capital of France?"
            """,
        version: Release.line("llama-run"))

    @OptionGroup(title: FileFlags.title) var files: FileFlags

    @OptionGroup(title: "Conversations and templates") var chat: ChatFlags

    @OptionGroup var generation: GenerationFlags

    @OptionGroup(title: "Memory and speed") var machine: MachineFlags

    static func main() { runCommand(LlamaRun.self) }

    func validate() throws {
        guard !files.prompt.isEmpty || files.prompts != nil else {
            throw ValidationError("give a --prompt or a file of --prompts")
        }
        guard files.output != "" else { throw ValidationError("--output: expected a path, found none") }
        guard generation.report.logprobs == nil || files.output != nil else {
            throw ValidationError("--logprobs: expected a file for them, found no --output")
        }
    }

    func run() throws {
        try RunSession(self).run()
    }
}
