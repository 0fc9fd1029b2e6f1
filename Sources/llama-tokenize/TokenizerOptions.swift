import ArgumentParser
import LlamaTokenizers

/// The tokenizer to use. The main command and its subcommands share it, so that `--tokenizer` may be given before
/// or after the subcommand.
struct TokenizerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tokenizer, or a GGUF file, checkpoint or folder with one.",
            valueName: "path"))
    var tokenizer: String?

    /// Refuses a command line without `--tokenizer`.
    func require() throws {
        guard tokenizer != nil else {
            throw ValidationError("Missing expected argument '--tokenizer <path>'")
        }
    }

    /// Loads the tokenizer.
    ///
    /// - Throws: ``TokenizerError`` and, for a GGUF file, ``CheckpointError``.
    func load() throws -> any Tokenizer {
        try TokenizerLocation(at: tokenizer ?? "").load()
    }
}

/// Which control tokens a text may spell.
enum SpecialsOption: String, ExpressibleByArgument, CaseIterable {
    case none
    case all

    var tokens: SpecialTokens {
        switch self {
        case .none: .none
        case .all: .all
        }
    }
}
