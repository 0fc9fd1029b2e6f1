import ArgumentParser
import LlamaGeneration

/// What is reported besides the text of completions.
struct ReportFlags: ParsableArguments {
    @Flag(help: "Print the prompt before its completion; with --logprobs, report the prompt's too.")
    var echo = false

    @Option(
        help: ArgumentHelp(
            "Report log-probabilities in --output, with this many of the likeliest tokens each; not with --beams.",
            valueName: "n"))
    var logprobs: Int?

    /// Sets what is given.
    func add(to settings: inout GenerationSettings) {
        settings.echo = echo ? true : nil
        settings.logprobs = logprobs
    }
}
