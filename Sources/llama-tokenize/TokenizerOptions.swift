import ArgumentParser
import LlamaCheckpoints
import LlamaCommands
import Logging
import LlamaTokenizers

/// The tokenizer to work with. The main command and its subcommands share it, so that `--tokenizer` may stand
/// before a subcommand or after it.
struct TokenizerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tokenizer, or a folder or checkpoint with one (a .gguf has its own).",
            valueName: "path"))
    var tokenizer: String?

    func require() throws {
        guard tokenizer != nil else {
            throw ValidationError("Missing expected argument '--tokenizer <path>'")
        }
    }

    func load() throws -> any Tokenizer {
        let path = tokenizer ?? ""
        guard path.hasSuffix(".gguf") else { return try loadTokenizer(at: try TokenizerPath.resolve(path)) }
        let checkpoint = try Checkpoint(
            at: path, logger: Logger(label: "llama-tokenize") { _ in SwiftLogNoOpLogHandler() })
        guard let embedded = try CheckpointTokenizer.embedded(in: checkpoint) else {
            throw Failure(Failure.badData, "\(path): expected a tokenizer in it, found none")
        }
        return embedded.tokenizer
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
