import ArgumentParser
import LlamaCommands

/// `llama-bench kernels`: measures single operations of a forward pass.
struct KernelBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measure single operations.",
        discussion: """
            Measures, in the widths of a model's shape and for several numbers of tokens: a linear layer (w1) with \
            random weights of every type, the two of SwiGLU with their product, RMS norms, attention behind several \
            numbers of tokens, and the normalizer of the softmax over the vocabulary (one row). Weights and caches are \
            taken in turn from more memory than most processors' caches hold. Shares are those of llama-bench model, \
            and above 100 % of the bandwidth where operands stay in the caches, as those of norms do.

            --json prints one object: machine (as llama-bench model), shape {name, dim, hidden, heads, kv_heads, \
            head_dim, vocabulary}, results [{operation: "linear", "swiglu", "rms_norm", "attention" or \
            "log_sum_exp", dtype, activations, tokens, depth, seconds {median, min, max}, operations_per_second, \
            bytes_per_second, bandwidth_share, arithmetic_share, limits}].
            """)

    @Option(help: ArgumentHelp("The model whose widths are taken.", valueName: "name"))
    var shape: ShapeOption = .tinyllama

    @Option(help: ArgumentHelp("The type of the weights; default: every type.", valueName: "type"))
    var dtype: WeightOption?

    @Option(help: ArgumentHelp("Numbers of tokens.", valueName: "n,…"))
    var tokens = CountList([1, 8, 32, 128])

    @Option(
        name: [.customShort("d"), .long],
        help: ArgumentHelp("Tokens in the cache before those that attend.", valueName: "n,…"))
    var depth = CountList([128, 1024, 4096])

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try tokens.require(1...4096, "--tokens")
        try depth.require(0...1_000_000, "--depth")
    }

    func run() throws {
        try KernelSession(self).run()
    }
}
