import ArgumentParser
import LlamaCommands

/// `llama-tokenize`: text to token ids and back, and the audit of one tokenizer against another.
@main
struct LlamaTokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-tokenize",
        abstract: "Turn text into token ids and back, or compare two tokenizers.",
        discussion: """
              echo '"Hello world"' | llama-tokenize --tokenizer llama-2-7b encode --bos
              echo '[1, 15043, 3186]' | llama-tokenize --tokenizer llama-2-7b decode
              llama-tokenize compare llama-2-7b/tokenizer.model llama-2-7b/tokenizer.json
            """,
        version: Release.line("llama-tokenize"),
        subcommands: [Encode.self, Decode.self, Compare.self, Benchmark.self])

    static func main() { runCommand(LlamaTokenize.self) }

    @OptionGroup var choice: TokenizerOptions

    func run() throws { throw ValidationError("expected encode, decode or compare, found no subcommand") }
}
