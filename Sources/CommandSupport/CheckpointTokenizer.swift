import Checkpoints
import Tokenizers

extension EmbeddedVocabulary {
    /// The vocabulary that a GGUF file carries.
    public init(_ metadata: GGUFMetadata) throws {
        try self.init(
            file: metadata.file, string: { try metadata.string($0) },
            strings: { try metadata.strings($0)?.map(Array.init) }, floats: { try metadata.floats($0) },
            ints: { try metadata.ints($0) }, int: { try metadata.int($0) }, bool: { try metadata.bool($0) })
    }
}

/// The tokenizer that belongs to a checkpoint.
public enum CheckpointTokenizer {
    /// The tokenizer inside a checkpoint of one file; nil for other checkpoints, and where the file has none.
    public static func embedded(in checkpoint: Checkpoint) throws -> (tokenizer: any Tokenizer, file: String)?
    {
        guard let metadata = checkpoint.gguf, metadata.contains("tokenizer.ggml.model") else { return nil }
        return (try EmbeddedVocabulary(metadata).makeTokenizer(file: metadata.file), metadata.file)
    }
}
