import ArgumentParser
import LlamaCommands

/// `llama-convert`: converts checkpoints, describes them and compares them.
@main
struct LlamaConvert: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-convert",
        abstract: "Convert, inspect and compare Llama checkpoints.",
        discussion: """
            llama-convert SRC DST --to FORMAT writes a checkpoint in another format:

              --to FORMAT            meta, meta-safetensors, huggingface, gguf, llama2c
              --dtype TYPE           keep (default), float32, float16, bfloat16;
                                     q8_0, q6_k, q4_k and q4_0 for gguf
              --shards N             model-parallel shards of Meta's formats
              --max-shard-size SIZE  largest file of huggingface (5GB)
              --tokenizer FILE       a tokenizer in place of the checkpoint's own
              --threads N            threads (all processors)
              --dry-run              show what would be written, write nothing
              --verify               read the output back, compare every tensor
              --force                replace the checkpoint at DST
              --resume               resume an interrupted conversion
              --allow-non-finite     quantize weights that are not finite, or too large
              --verbose              print what a change of type did to every tensor
              --quiet                print errors only

            llama-convert help convert says more about each. Examples:

              llama-convert llama-2-7b llama-2-7b-hf --to huggingface --verify
              llama-convert llama-2-7b-hf llama-2-7b.gguf --to gguf --dtype q8_0
              llama-convert inspect llama-2-7b
              llama-convert diff llama-2-7b llama-2-7b-hf
            """,
        version: Release.line("llama-convert"), subcommands: [Convert.self, Inspect.self, Diff.self],
        defaultSubcommand: Convert.self)

    static func main() { runCommand(LlamaConvert.self) }
}
