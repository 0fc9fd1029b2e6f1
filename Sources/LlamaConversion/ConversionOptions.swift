import LlamaCheckpoints
import LlamaTensors

/// What a conversion produces.
package struct ConversionOptions: Sendable {
    /// The format to write.
    package var format: CheckpointFormat
    /// The dtype of the weights; nil keeps every tensor's own, widened only where the format cannot store it.
    package var dtype: DType?
    /// Number of model-parallel shards of Meta's formats; nil for one.
    package var shards: Int?
    /// Bytes above which Hugging Face's format starts another file; a larger tensor gets a file of its own.
    package var maximumShardSize = 5_000_000_000
    /// The special tokens, where the tokenizer names them.
    package var tokens = SpecialTokenIDs()
    /// Files to write beside the weights, such as the tokenizer's.
    package var companions: [CompanionFile] = []
    /// The tokenizer as GGUF embeds it.
    package var vocabulary: [(key: String, value: GGUFValue)] = []

    /// Options that keep everything as it is, in `format`.
    package init(format: CheckpointFormat) {
        self.format = format
    }
}

/// A file to write beside the weights.
package struct CompanionFile: Sendable {
    /// Where its bytes come from.
    package enum Content: Sendable {
        /// A copy of the file at a path.
        case copy(String)
        /// These bytes.
        case bytes([UInt8])
    }

    /// Its name in the output's folder.
    package let name: String
    /// Where its bytes come from.
    package let content: Content

    /// A file of this name and content.
    package init(name: String, content: Content) {
        (self.name, self.content) = (name, content)
    }
}
