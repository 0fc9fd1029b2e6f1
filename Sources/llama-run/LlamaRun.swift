import LlamaCommands
import LlamaKernels
import LlamaModel
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
            """,
        version: Release.line("llama-run"))

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
                + "({\"prompt\": …} or {\"prompt_ids\": […]} per line); - for standard input.",
            valueName: "file"))
    var prompts: String?

    @Option(
        help: ArgumentHelp(
            "Write one JSON object per prompt; - for standard output.", valueName: "file.jsonl"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Most tokens to generate per prompt; 0 only evaluates the prompt.", valueName: "n"))
    var maxGenLen = 128

    @Option(
        help: ArgumentHelp(
            "Most tokens of prompt and completion; default: the model's context, or 4096.", valueName: "n"))
    var maxSeqLen: Int?

    @Option(help: ArgumentHelp("Most prompts completed at the same time; the rest wait.", valueName: "n"))
    var maxBatchSize = 8

    @Option(help: ArgumentHelp("Divides the logits; 0 always picks the likeliest token.", valueName: "t"))
    var temperature: Float = 0.6

    @Option(
        help: ArgumentHelp(
            "Sample from the likeliest tokens that together have this probability.", valueName: "p"))
    var topP: Float = 0.9

    @Option(
        help: ArgumentHelp("Seed of the random numbers: same seed, same text.", valueName: "n"),
        transform: LlamaRun.seed)
    var seed: UInt64 = 0

    @Flag(help: "Print the prompt before its completion; with --logprobs, report the prompt's too.")
    var echo = false

    @Option(
        help: ArgumentHelp(
            "Report log-probabilities in --output, with this many of the likeliest tokens each.",
            valueName: "n"))
    var logprobs: Int?

    @Option(help: .computingThreads)
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "auto uses the weights as stored; float32 expands them in memory; q8_0, q6_k, q4_k and q4_0 "
                + "quantize F32, F16 and BF16 matrices in memory, as llama-convert does.",
            valueName: "type"))
    var dtype: WeightOption = .auto

    @Flag(help: "Let a terminal obey control characters in the text, instead of showing them.")
    var raw = false

    @Option(help: .activations)
    var activations: ActivationType = .int8

    @Option(help: .cacheType)
    var kvDtype: CacheType = .float32

    @Flag(help: "No progress and no summary; with --output, no text either.")
    var quiet = false

    @Flag(help: "Progress, summary and details even if standard error is not a terminal.")
    var verbose = false

    static func main() { runCommand(LlamaRun.self) }

    func validate() throws {
        guard !prompt.isEmpty || prompts != nil else {
            throw ValidationError("give a --prompt or a file of --prompts")
        }
        try require(maxGenLen >= 0, "--max-gen-len", "at least 0", maxGenLen)
        try require(
            (1...LlamaRun.longest).contains(maxSeqLen ?? 1), "--max-seq-len", "1 to \(LlamaRun.longest)",
            maxSeqLen ?? 1)
        try require((1...1024).contains(maxBatchSize), "--max-batch-size", "1 to 1024", maxBatchSize)
        try require(
            temperature >= 0 && temperature.isFinite, "--temperature", "a number from 0 on", temperature)
        try require(topP > 0 && topP <= 1, "--top-p", "above 0, at most 1", topP)
        guard output != "" else { throw ValidationError("--output: expected a path, found none") }
        guard logprobs == nil || output != nil else {
            throw ValidationError("--logprobs: expected a file for them, found no --output")
        }
        try require((0...1000).contains(logprobs ?? 0), "--logprobs", "0 to 1000", logprobs ?? 0)
        try require((1...1024).contains(threads ?? 1), "--threads", "1 to 1024", threads ?? 1)
    }

    private static func seed(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else {
            throw ValidationError("expected 0 to \(UInt64.max)")
        }
        return seed
    }

    /// The longest context of any Llama so far.
    private static let longest = 10_000_000

    func run() throws {
        try RunSession(self).run()
    }
}

extension ActivationType: ExpressibleByArgument {}
extension CacheType: ExpressibleByArgument {}

/// How the weights are held.
enum WeightOption: String, ExpressibleByArgument, CaseIterable {
    case auto
    case float32
    case q8_0
    case q6_K = "q6_k"
    case q4_K = "q4_k"
    case q4_0

    var weightType: Transformer.WeightType {
        switch self {
        case .auto: .stored
        case .float32: .float32
        case .q8_0: .q8_0
        case .q6_K: .q6_K
        case .q4_K: .q4_K
        case .q4_0: .q4_0
        }
    }
}
