import ArgumentParser
import LlamaGeneration

/// How tokens are chosen.
struct SamplingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Divides the logits; 0 always picks the likeliest token. Default: that of generation_config.json, or 0.6.",
            valueName: "t"))
    var temperature: Float?

    @Option(help: ArgumentHelp("Sample from the k likeliest tokens; 0: from all.", valueName: "k"))
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "Sample from the likeliest tokens that together have this probability. Default: that of "
                + "generation_config.json, or 0.9.", valueName: "p"))
    var topP: Float?

    @Option(
        help: ArgumentHelp(
            "Sample from tokens with at least this share of the likeliest one's probability.", valueName: "p")
    )
    var minP: Float?

    @Option(
        help: ArgumentHelp(
            "Sample from the tokens of the most typical information content that together have this probability.",
            valueName: "p"))
    var typicalP: Float?

    @Option(
        help: ArgumentHelp(
            "Above 1, tokens of prompt and completion become less likely.", valueName: "x"))
    var repetitionPenalty: Float?

    @Option(
        help: ArgumentHelp(
            "Subtracted from a token's logit for each time that it was generated; -2 to 2.", valueName: "x"))
    var frequencyPenalty: Float?

    @Option(
        help: ArgumentHelp(
            "Subtracted from the logit of each token that was generated; -2 to 2.", valueName: "x"))
    var presencePenalty: Float?

    @Option(
        help: ArgumentHelp(
            "Add -100 to 100 to the logit of a token; may be given several times. In a prompt line: {\"id\": bias}.",
            valueName: "id=bias"))
    var logitBias: [TokenBias] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Text that a completion must not contain, as its usual tokens, at the beginning of a word or inside one; "
                + "may be given several times. In a prompt line also lists of token ids.", valueName: "text"))
    var badWords: [String] = []

    @Option(
        help: ArgumentHelp(
            "Seed of the random numbers: same seed, same text. Default: 0.", valueName: "n"),
        transform: SamplingFlags.seed)
    var seed: UInt64?

    private static func seed(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else {
            throw ValidationError("expected 0 to \(UInt64.max)")
        }
        return seed
    }

    /// Sets what is given.
    func add(to settings: inout GenerationSettings) {
        settings.temperature = temperature
        settings.topK = topK
        settings.topP = topP
        settings.minP = minP
        settings.typicalP = typicalP
        settings.repetitionPenalty = repetitionPenalty
        settings.frequencyPenalty = frequencyPenalty
        settings.presencePenalty = presencePenalty
        if !logitBias.isEmpty {
            settings.logitBias = Dictionary(logitBias.map { ($0.id, $0.bias) }) { $1 }
        }
        if !badWords.isEmpty { settings.badWords = badWords.map { .text($0) } }
        settings.seed = seed
    }
}

/// A number to add to the logit of a token.
struct TokenBias: ExpressibleByArgument {
    let id: Int32
    let bias: Float

    init?(argument: String) {
        let sides = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, let id = TokenID(argument: String(sides[0])), let bias = Float(sides[1])
        else { return nil }
        (self.id, self.bias) = (id.id, bias)
    }
}
