import ArgumentParser
import LlamaGeneration

/// How many completions a prompt gets.
struct CandidateFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Completions of each prompt. Default: 1.", valueName: "n"))
    var n: Int?

    @Option(
        help: ArgumentHelp(
            "Sample this many, and keep the --n of the highest mean log-probability. Default: --n.",
            valueName: "n"))
    var bestOf: Int?

    @Option(
        help: ArgumentHelp(
            "Search with this many beams instead of sampling; each of the --n best has its score. Default: 1, no search.",
            valueName: "n"))
    var beams: Int?

    @Option(
        help: ArgumentHelp(
            "A beam's score is its log-probability divided by its length to this power. Default: 1.",
            valueName: "x"))
    var lengthPenalty: Float?

    @Option(
        help: ArgumentHelp(
            "End the search when as many sequences have ended as there are beams (true), when a better one is unlikely "
                + "(false), or impossible (never). Default: false.", valueName: "when"))
    var earlyStopping: CandidateOptions.EarlyStopping?

    /// Sets what is given.
    func add(to settings: inout GenerationSettings) {
        settings.n = n
        settings.bestOf = bestOf
        settings.beams = beams
        settings.lengthPenalty = lengthPenalty
        settings.earlyStopping = earlyStopping
    }
}

extension CandidateOptions.EarlyStopping: ExpressibleByArgument {}
