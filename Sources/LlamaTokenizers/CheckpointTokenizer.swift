import LlamaCheckpoints

extension GGUFMetadata {
    /// The entry that tells llama.cpp that a file has no vocabulary; it refuses files without the entry.
    package static let noVocabulary = (key: "tokenizer.ggml.model", value: "no_vocab")

    /// Whether the file has a vocabulary; it may also state that it has none.
    package func hasVocabulary() throws(CheckpointError) -> Bool {
        guard let model = try string(Self.noVocabulary.key) else { return false }
        return model != Self.noVocabulary.value && model != "none"
    }
}

/// The tokenizer that goes with a checkpoint, whose ids are known to be the model's.
package struct CheckpointTokenizer: Sendable {
    /// The tokenizer.
    package let tokenizer: any Tokenizer
    /// The file it was read from: a tokenizer's, or the GGUF file that carries it.
    package let file: String

    /// Loads a tokenizer.
    ///
    /// - Throws: the errors of reading it and of the tokenizers' initializers.
    package init(_ location: TokenizerLocation) throws(TokenizerError) {
        tokenizer = try location.load()
        file = location.path
    }

    /// Loads the tokenizer that goes with a checkpoint, and checks that its ids are the model's.
    ///
    /// - Parameters:
    ///   - location: Where it is: see ``TokenizerLocation``.
    ///   - model: What errors call the checkpoint.
    /// - Throws: the errors of reading it, and `.vocabularyMismatch`.
    package init(
        _ location: TokenizerLocation, for checkpoint: Checkpoint, model: String
    ) throws(TokenizerError) {
        try self.init(location)
        try checkVocabulary(of: tokenizer, file: file, fits: checkpoint, model: model)
    }
}

/// Refuses a tokenizer whose ids are not the model's.
///
/// A model may have a few rows more than the tokenizer has ids: Hugging Face checkpoints pad the embedding, or
/// keep added tokens beside `tokenizer.model`. Never fewer.
///
/// - Parameters:
///   - file: What errors call the tokenizer.
///   - model: What errors call the checkpoint.
///   - allowsFewer: Whether the tokenizer may have any smaller number of ids, as one that is about to be padded.
/// - Throws: `.vocabularyMismatch`.
package func checkVocabulary(
    of tokenizer: any Tokenizer, file: String, fits checkpoint: Checkpoint, model: String,
    allowsFewer: Bool = false
) throws(TokenizerError) {
    try checkVocabulary(
        size: tokenizer.vocabularySize, file: file, rows: checkpoint.configuration.vocabularySize,
        naming: checkpoint.naming, model: model, allowsFewer: allowsFewer)
}

/// The rule itself, on numbers: a tokenizer of `size` ids for an embedding of `rows` rows.
package func checkVocabulary(
    size: Int, file: String, rows: Int, naming: TensorNaming, model: String, allowsFewer: Bool = false
) throws(TokenizerError) {
    let padding = rows - size
    let isAllowed = allowsFewer || (naming == .huggingFace && padding <= 1024)
    guard padding == 0 || (padding > 0 && isAllowed) else {
        throw .vocabularyMismatch(
            file: file, count: size, model: model, expected: rows, allowsFewer: allowsFewer)
    }
}
