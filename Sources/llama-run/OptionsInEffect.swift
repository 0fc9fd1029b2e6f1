import LlamaGeneration

/// The options of a run and where each came from, in one line for a person.
enum OptionsInEffect {
    /// - Parameters:
    ///   - flags: What the command line gives.
    ///   - recommended: What `generation_config.json` gives.
    ///   - options: What comes of both, and of the defaults.
    static func line(
        flags: GenerationSettings, recommended: GenerationSettings, options: GenerationOptions
    ) -> String {
        let given = flags.texts
        let configured = recommended.texts.filter { option, _ in !given.contains { $0.option == option } }
        // Of the defaults, those that every completion depends on; the others change nothing.
        let defaults = [
            (OptionError.Option.temperature, "\(options.sampling.temperature)"),
            (.topP, "\(options.sampling.topP)"), (.seed, "\(options.sampling.seed)"),
            (.maxTokens, "\(options.maxGenerationLength)"), (.n, "\(options.candidates.n)"),
        ].filter { option, _ in !(given + configured).contains { $0.option == option } }
        let parts = [
            (given.map { ($0.option.flag, $0.value) }, "by flags"),
            (configured.map { ($0.option.rawValue, $0.value) }, "by generation_config.json"),
            (defaults.map { ($0.0.rawValue, $0.1) }, "by default"),
        ]
        return "options: "
            + parts.filter { !$0.0.isEmpty }
            .map { settings, source in
                settings.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + " \(source)"
            }
            .joined(separator: "; ")
    }
}
