import ArgumentParser
import CommandSupport
import Tokenizers

/// The tokenizer to work with. The main command and its subcommands share it, so that `--tokenizer` may stand
/// before a subcommand or after it.
struct TokenizerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tokenizer, or a folder or checkpoint with one: tokenizer.model, else tokenizer.json.",
            valueName: "path"))
    var tokenizer: String?

    func require() throws {
        guard tokenizer != nil else {
            throw ValidationError("Missing expected argument '--tokenizer <path>'")
        }
    }

    func load() throws -> any Tokenizer {
        try loadTokenizer(at: try TokenizerPath.resolve(tokenizer ?? ""))
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
