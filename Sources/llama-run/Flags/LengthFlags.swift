import ArgumentParser
import LlamaCommands
import LlamaGeneration

/// Where a completion ends.
struct LengthFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Most tokens to generate per prompt; 0 generates none, and with --echo and --logprobs scores the prompt. In a prompt line: max_gen_len or "
                + "max_tokens. Default: 128.", valueName: "n"))
    var maxGenLen: Int?

    @Option(
        help: ArgumentHelp(
            "Stop tokens are impossible before the completion has this many tokens. In a prompt line: min_gen_len or "
                + "min_tokens.", valueName: "n"))
    var minGenLen: Int?

    @Option(
        help: ArgumentHelp(
            "Most tokens of prompt and completion; default: the model's context, or 4096.", valueName: "n"))
    var maxSeqLen: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Text that ends a completion and is not shown; may be given several times.", valueName: "text"))
    var stop: [String] = []

    @Option(
        help: ArgumentHelp(
            "Token that ends a completion, besides the model's own; may be given several times. In a prompt line: "
                + "stop_token_ids.", valueName: "id"))
    var stopTokenId: [TokenID] = []

    @Flag(name: .customLong("ignore-eos"), help: "The model's own stop tokens do not end a completion.")
    var ignoreEOS = false

    func validate() throws {
        try require(
            (1...Self.longest).contains(maxSeqLen ?? 1), "--max-seq-len", "1 to \(Self.longest)",
            maxSeqLen ?? 1)
    }

    /// The longest context of any Llama so far.
    private static let longest = 10_000_000

    /// Sets what is given.
    func add(to settings: inout GenerationSettings) {
        settings.maxTokens = maxGenLen
        settings.minTokens = minGenLen
        if !stop.isEmpty { settings.stop = stop }
        if !stopTokenId.isEmpty { settings.stopTokenIDs = stopTokenId.map(\.id) }
        settings.ignoreEOS = ignoreEOS ? true : nil
    }
}

/// A token's id.
struct TokenID: ExpressibleByArgument {
    let id: Int32

    init?(argument: String) {
        guard let id = Int32(argument), id >= 0 else { return nil }
        self.id = id
    }
}
