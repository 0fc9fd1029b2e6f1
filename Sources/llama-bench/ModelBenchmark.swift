import ArgumentParser
import LlamaCommands
import LlamaKernels

/// `llama-bench model`, the default: measures prompts and decoding.
struct ModelBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Measure prompts and decoding.",
        discussion: """
            Every number of tokens is measured at every depth, which is the number of tokens that are in the cache \
            before: prompts of one sequence, and decoding of one token after another of every number of sequences. \
            Rates are of all sequences together. Tokens are made up, and decoding samples none.

            Before every repetition, the limits of the machine are measured with the same threads: the weights' bytes \
            read in order, and multiply-adds with the same instructions. A share of 100 % is the time in which the \
            weights and the cache could have been read at that rate, or all multiply-adds done.

            The weights of a --shape are in memory. Block formats are filled with random blocks, rather than with what \
            a quantizer would choose, and matrices whose rows are not whole blocks are F16.

            --json prints one object: machine {processor, logical_cores, usable_cores, threads, instruction_set, \
            memory_bytes, page_size_bytes, transparent_huge_pages, kernel, version}, model {name, weights: \
            "mapped", "expanded", "quantized" or "random", dtypes [{dtype, bytes}], weight_bytes, parameters, load_seconds, \
            cache_bytes_per_position}, results [{kind: "prefill" or "decode", dtype (of most of the weights), \
            activations, kv_dtype, batch, depth, tokens (of each sequence), repetitions, tokens_per_second {median, min, max}, \
            bandwidth_share, arithmetic_share, time_to_first_token_seconds (of prefill), peak_memory_bytes, \
            weight_bytes_per_token, cache_bytes_per_token, operations_per_token, limits {read_bytes_per_second, \
            float_operations_per_second, integer_operations_per_second, bfloat16_operations_per_second}}]. Shares and limits are medians; what is not \
            known or not used is null.
            """)

    @OptionGroup var subject: SubjectOptions

    @Option(
        name: [.customShort("p"), .long],
        help: ArgumentHelp("Tokens of prompts; 0 measures none.", valueName: "n,…"))
    var prompt = CountList([128, 512])

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Tokens to decode of each sequence; 0 measures none.", valueName: "n,…"))
    var generate = CountList([32])

    @Option(
        name: [.customShort("d"), .long],
        help: ArgumentHelp("Tokens of each sequence that are in the cache before.", valueName: "n,…"))
    var depth = CountList([0])

    @Option(help: ArgumentHelp("Sequences that are decoded at the same time.", valueName: "n,…"))
    var batch = CountList([1])

    @OptionGroup var common: CommonOptions

    /// The most tokens of any list: what a context of any Llama holds.
    private static let mostTokens = 10_000_000

    func validate() throws {
        let tokens = 0...Self.mostTokens
        try prompt.require(tokens, "--prompt")
        try generate.require(tokens, "--generate")
        try depth.require(tokens, "--depth")
        try batch.require(1...1024, "--batch")
        guard prompt.counts + generate.counts != [0, 0] else {
            throw ValidationError("--generate: expected more than 0 where --prompt is 0, found 0")
        }
    }

    func run() throws {
        try ModelSession(self).run()
    }
}
