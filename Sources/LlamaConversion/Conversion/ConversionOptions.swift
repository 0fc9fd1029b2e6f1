import LlamaCheckpoints
import LlamaTensors

/// What a conversion is to make.
package struct ConversionOptions: Sendable {
    /// The format to write.
    package var format: CheckpointFormat
    /// The dtype of the weights; nil keeps every tensor's own, widened only where the format holds nothing as narrow.
    package var dtype: DType?
    /// Number of model-parallel shards of Meta's formats; nil for one.
    package var shards: Int?
    /// Bytes above which Hugging Face's format goes on in another file; a larger tensor has a file of its own.
    package var maximumShardSize = 5_000_000_000
    /// The special tokens, where the tokenizer tells them.
    package var tokens = SpecialTokenIDs()
    /// Files that go along, such as the tokenizer's.
    package var companions: [CompanionFile] = []
    /// The tokenizer as GGUF embeds it.
    package var vocabulary: [(key: String, value: GGUFValue)] = []

    /// Options that keep all as it is, in `format`.
    package init(format: CheckpointFormat) {
        self.format = format
    }
}

/// A file that goes along with the weights.
package struct CompanionFile: Sendable {
    /// Where its bytes come from.
    package enum Content: Sendable {
        /// The file at a path, as it is.
        case copy(String)
        case bytes([UInt8])
    }

    /// Its name in the output's folder.
    package let name: String
    /// What is in it.
    package let content: Content

    /// A file of this name and content.
    package init(name: String, content: Content) {
        (self.name, self.content) = (name, content)
    }
}
