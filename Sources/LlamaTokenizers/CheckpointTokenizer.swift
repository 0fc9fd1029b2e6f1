import LlamaCheckpoints

extension GGUFMetadata {
    /// The entry by which llama.cpp knows a model without a vocabulary; it refuses files that say nothing.
    package static let noVocabulary = (key: "tokenizer.ggml.model", value: "no_vocab")

    /// Whether the file has a vocabulary: it may say nothing of one, or that there is none.
    package func hasVocabulary() throws(CheckpointError) -> Bool {
        guard let model = try string(Self.noVocabulary.key) else { return false }
        return model != Self.noVocabulary.value && model != "none"
    }
}

/// The tokenizer that belongs to a checkpoint.
package enum CheckpointTokenizer {
    /// The tokenizer inside a checkpoint of one file; nil for other checkpoints, and where the file has none.
    package static func embedded(in checkpoint: Checkpoint) throws -> (
        tokenizer: any Tokenizer, file: String
    )? {
        guard let metadata = checkpoint.gguf, try metadata.hasVocabulary() else { return nil }
        return (try EmbeddedVocabulary(metadata).makeTokenizer(file: metadata.file), metadata.file)
    }
}
