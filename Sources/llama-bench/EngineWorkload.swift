import LlamaCommands
import LlamaGeneration
import LlamaJSON
import LlamaKernels
import LlamaModel

/// Requests that are completed together, and what that took.
struct EngineWorkload {
    let name: String
    let prompts: [[Int32]]
    /// Most sequences at a time.
    let sequences: Int
    let generate: Int
    var drafts = 0

    /// One measurement.
    struct Result {
        let seconds: Double
        let statistics: GenerationStatistics

        var rate: Double { Double(statistics.generatedTokens) / seconds }
    }

    /// Completes all requests with an engine of their own, which no other measurement has left anything in.
    func run(_ model: Transformer, _ cacheType: CacheType, on kernels: KernelContext) throws -> Result {
        var options = GenerationOptions(maxSequenceLength: (prompts.map(\.count).max() ?? 0) + generate)
        options.maxGenerationLength = generate
        options.sampling.temperature = 0
        options.lookupDrafts = drafts
        var limits = EngineLimits(positions: options.maxSequenceLength)
        limits.sequences = sequences
        limits.cacheType = cacheType
        let prepared = try Completer(model: model, tokenizer: nil, kernels: kernels).prepare(
            prompts.enumerated().map { index, ids in
                GenerationRequest(
                    Prompt(.ids(ids), source: "request \(index)"), options: options, stream: index)
            }, limits)
        let start = ContinuousClock.now
        let statistics = try prepared.complete { _ in !Interrupt.isRequested }
        try Interruption.check()
        return Result(seconds: (ContinuousClock.now - start).seconds, statistics: statistics)
    }

    /// Tokens of all prompts.
    var promptTokens: Int { prompts.reduce(0) { $0 + $1.count } }

    static let titles = ["workload", "requests", "prompt", "computed", "generated", "accepted", "tokens/s"]

    func cells(_ results: [Result]) -> [String] {
        guard let statistics = results.first?.statistics else { return [] }
        let rates = Spread(results.map(\.rate))
        let accepted =
            drafts == 0
            ? "-" : "\(statistics.acceptedDrafts) of \(statistics.draftedTokens)"
        return [
            name, "\(prompts.count)", "\(promptTokens)", "\(statistics.promptTokens)",
            "\(statistics.generatedTokens)", accepted,
            rates.text,
        ]
    }

    func json(_ results: [Result]) -> JSONText {
        guard let statistics = results.first?.statistics else { return .null }
        return .object([
            ("workload", .string(name)), ("requests", .int(prompts.count)),
            ("prompt_tokens", .int(promptTokens)), ("computed_prompt_tokens", .int(statistics.promptTokens)),
            ("generated_tokens", .int(statistics.generatedTokens)),
            ("accepted_drafts", .int(statistics.acceptedDrafts)),
            ("drafted_tokens", .int(statistics.draftedTokens)),
            ("seconds", Spread(results.map(\.seconds)).json),
            ("tokens_per_second", Spread(results.map(\.rate)).json),
        ])
    }
}
