import Tensors

/// What a conversion is to make.
public struct ConversionOptions: Sendable {
    /// The format to write.
    public var format: CheckpointFormat
    /// The dtype of the weights; nil keeps every tensor's own, widened only where the format holds nothing as narrow.
    public var dtype: DType?
    /// Number of model-parallel shards of Meta's formats; nil for one.
    public var shards: Int?
    /// Bytes above which Hugging Face's format goes on in another file; a larger tensor has a file of its own.
    public var maximumShardSize = 5_000_000_000
    /// The special tokens, where the tokenizer tells them.
    public var tokens = SpecialTokenIDs()
    /// Files that go along, such as the tokenizer's.
    public var companions: [CompanionFile] = []
    /// The tokenizer as GGUF embeds it.
    public var vocabulary: [(key: String, value: GGUFValue)] = []

    /// Options that keep all as it is, in `format`.
    public init(format: CheckpointFormat) {
        self.format = format
    }
}

/// A file that goes along with the weights.
public struct CompanionFile: Sendable {
    /// Where its bytes come from.
    public enum Content: Sendable {
        /// The file at a path, as it is.
        case copy(String)
        case bytes([UInt8])
    }

    /// Its name in the output's folder.
    public let name: String
    /// What is in it.
    public let content: Content

    /// A file of this name and content.
    public init(name: String, content: Content) {
        (self.name, self.content) = (name, content)
    }
}
