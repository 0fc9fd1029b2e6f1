import LlamaCheckpoints

/// The context length that is written where a checkpoint does not say its own and a format wants a number.
struct AssumedContextLength: Equatable {
    /// In tokens.
    let length: Int
    /// Whose it is, in words.
    let origin: String

    /// Meta's `params.json` says none: that of the family, or of the scaling of rotations, which tells as much.
    init(_ configuration: ModelConfiguration) {
        let family = ModelFamily(configuration)
        if let length = family.contextLength {
            (self.length, origin) = (length, "as of \(family.series)")
        } else if case .llama3 = configuration.rope.scaling {
            (length, origin) = (131_072, "as of Llama 3.1")
        } else {
            // `ModelArgs.max_seq_len` in Meta's `llama/model.py`.
            (length, origin) = (2048, "Meta's default")
        }
    }

    /// A line for who converts.
    var note: String { "the checkpoint does not say its context length; \(length), \(origin), is written" }
}
