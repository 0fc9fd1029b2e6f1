import ArgumentParser
import LlamaCommands
import LlamaGeneration

/// How prompts are completed; a line of `--prompts` may give every setting for itself, by the same name.
struct GenerationFlags: ParsableArguments {
    @OptionGroup(title: FileFlags.title) var report: ReportFlags
    @OptionGroup(title: "Length and stopping") var length: LengthFlags
    @OptionGroup(title: "Choice of tokens") var sampling: SamplingFlags
    @OptionGroup(title: "Several completions, and beams") var candidates: CandidateFlags
    @OptionGroup(title: "Speculation (changes no text)") var speculation: SpeculationFlags

    /// What is given.
    var settings: GenerationSettings {
        var settings = GenerationSettings()
        report.add(to: &settings)
        length.add(to: &settings)
        sampling.add(to: &settings)
        candidates.add(to: &settings)
        speculation.add(to: &settings)
        return settings
    }

    func validate() throws {
        let settings = settings
        var options = GenerationOptions(maxSequenceLength: .max)
        settings.apply(to: &options)
        do throws(OptionError) {
            try settings.validate(hasDraftModel: speculation.draft != nil)
            // The model, which is not loaded yet, may refuse more: its vocabulary is smaller.
            try options.validate(vocabularySize: .max, hasTokenizer: true)
        } catch {
            throw ValidationError(error.usage)
        }
    }
}

extension OptionError {
    /// The line for a person who gave the option as a flag.
    var usage: String { "\(option.flag): expected \(expected), found \(found)" }
}
