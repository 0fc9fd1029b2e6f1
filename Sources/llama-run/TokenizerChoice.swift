import LlamaCheckpoints
import LlamaCommands
import LlamaGeneration
import Logging
import LlamaTokenizers

/// Finds the tokenizer of a checkpoint: the one that was named, or the one beside the weights.
struct TokenizerChoice {
    let checkpoint: Checkpoint
    /// The checkpoint as the user named it.
    let name: String
    /// Whether there is text to encode; ids alone can do without a tokenizer.
    let isNeeded: Bool
    let logger: Logger

    /// The tokenizer and its file; nil where there is none and none is needed.
    func load(named path: String?) throws -> (tokenizer: any Tokenizer, path: String)? {
        if let path {
            let path = try TokenizerPath.resolve(path)
            return (try checked(path), path)
        }
        if let embedded = try CheckpointTokenizer.embedded(in: checkpoint) {
            try check(embedded.tokenizer, embedded.file)
            return (embedded.tokenizer, embedded.file)
        }
        guard let path = TokenizerPath.file(in: checkpoint.folder) else { return nil }
        do {
            return (try checked(path), path)
        } catch let error as TokenizerError {
            guard error.isUnsupported, !isNeeded else { throw error }
            logger.notice("\(error); the prompts are ids, so the run goes on without text")
            return nil
        }
    }

    private func checked(_ path: String) throws -> any Tokenizer {
        let tokenizer = try loadTokenizer(at: path)
        try check(tokenizer, path)
        return tokenizer
    }

    private func check(_ tokenizer: any Tokenizer, _ path: String) throws {
        try checkVocabulary(
            of: tokenizer, file: path, against: checkpoint.configuration, model: name,
            naming: checkpoint.naming)
        let padding = checkpoint.configuration.vocabularySize - tokenizer.vocabularySize
        if padding > 0 { logger.info("\(name): the last \(padding) ids of the model are not in \(path)") }
    }
}
