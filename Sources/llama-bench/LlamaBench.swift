import ArgumentParser
import LlamaCommands

/// `llama-bench`: measures how fast models and single operations run, against the limits of the machine.
@main
struct LlamaBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llama-bench",
        abstract: "Measure how fast a model runs, against the limits of the machine.",
        discussion: """
            llama-bench --checkpoints DIR measures prompts and decoding:

              --checkpoints DIR      a checkpoint
              --shape NAME           or random weights in the shape of a model
              --dtype TYPE           auto (default), float32, q8_0, q6_k, q4_k or q4_0;
                                     of --shape f16 (default), f32, bf16, q4_1, …
              --activations TYPE     int8 (default) or float32, for quantized weights
              -p, --prompt N,…       tokens of prompts (128,512)
              -n, --generate N,…     tokens to decode, one by one (32)
              -d, --depth N,…        tokens already in the cache (0)
              --batch N,…            sequences decoded at the same time (1)
              --threads N            threads (all processors)
              --repetitions N        measurements of each, after one more (5)
              --json                 print JSON

            llama-bench kernels measures single operations, llama-bench engine many requests at a time. llama-bench \
            help model, kernels or engine says what is printed. Examples:

              llama-bench --checkpoints llama-2-7b -p 128 -d 0,2048
              llama-bench --shape tinyllama --dtype q8_0 --batch 1,8,32
              llama-bench kernels --shape llama2-7b --json
              llama-bench engine --shape tinyllama --dtype q8_0
            """,
        version: Release.line("llama-bench"),
        subcommands: [ModelBenchmark.self, KernelBenchmark.self, EngineBenchmark.self],
        defaultSubcommand: ModelBenchmark.self)

    static func main() { runCommand(LlamaBench.self) }
}
