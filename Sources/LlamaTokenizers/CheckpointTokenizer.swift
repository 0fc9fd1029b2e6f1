import LlamaCheckpoints

extension EmbeddedVocabulary {
    /// The vocabulary that a GGUF file carries.
    package init(_ metadata: GGUFMetadata) throws {
        try self.init(
            file: metadata.file, string: { try metadata.string($0) },
            strings: { try metadata.strings($0)?.map(Array.init) }, floats: { try metadata.floats($0) },
            ints: { try metadata.ints($0) }, int: { try metadata.int($0) }, bool: { try metadata.bool($0) })
    }
}

extension GGUFMetadata {
    /// The entry by which llama.cpp knows a model without a vocabulary; it refuses files that say nothing.
    package static let noVocabulary = (key: "tokenizer.ggml.model", value: "no_vocab")

    /// Whether the file has a vocabulary: it may say nothing of one, or that there is none.
    package func hasVocabulary() throws(CheckpointError) -> Bool {
        guard let model = try string(Self.noVocabulary.key) else { return false }
        return model != Self.noVocabulary.value && model != "none"
    }
}

/// The tokenizer that goes with a checkpoint, known to have the model's ids.
package struct CheckpointTokenizer: Sendable {
    /// The tokenizer.
    package let tokenizer: any Tokenizer
    /// The file it was read from: a tokenizer's, or the GGUF file that carries it.
    package let file: String

    /// Loads a tokenizer.
    ///
    /// - Throws: ``TokenizerError`` and, for a GGUF file, ``CheckpointError``.
    package init(_ location: TokenizerLocation) throws {
        tokenizer = try location.load()
        file = location.path
    }

    /// Loads the tokenizer that goes with a checkpoint, and checks that its ids are the model's.
    ///
    /// - Parameters:
    ///   - location: Where it is: see ``TokenizerLocation``.
    ///   - model: What errors call the checkpoint.
    /// - Throws: ``TokenizerError`` and, for a GGUF file, ``CheckpointError``.
    package init(_ location: TokenizerLocation, for checkpoint: Checkpoint, model: String) throws {
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
