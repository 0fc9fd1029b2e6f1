import ArgumentParser
import LlamaGeneration

/// Whether tokens are drafted and verified together.
struct SpeculationFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "lookup drafts what followed the same tokens earlier in prompt and completion: faster where text repeats.",
            valueName: "how"))
    var speculate: GenerationSettings.Speculation?

    @Option(
        help: ArgumentHelp(
            "Folder of a smaller checkpoint of the same vocabulary, or a file in it, that drafts tokens.",
            valueName: "dir"))
    var draft: String?

    @Option(help: ArgumentHelp("Most tokens drafted at a time. Default: 8.", valueName: "n"))
    var draftTokens: Int?

    /// Sets what is given.
    func add(to settings: inout GenerationSettings) {
        settings.speculation = speculate
        settings.draftTokens = draftTokens
    }
}

extension GenerationSettings.Speculation: ExpressibleByArgument {}
