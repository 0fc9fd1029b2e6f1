import LlamaCheckpoints

/// The context length that is written where a checkpoint does not state one and the format requires a number.
struct AssumedContextLength: Equatable {
    /// In tokens.
    let length: Int
    /// Which model's it is, in words.
    let origin: String

    /// The family's, or what the scaling of the rotations implies. (Meta's `params.json` states none.)
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

    /// One line, for the person running the conversion.
    var note: String { "the checkpoint does not state its context length; \(length), \(origin), is written" }

    /// Whether a checkpoint's context length is an earlier conversion's assumption: its record says so, and the value
    /// is still the one that would be assumed.
    static func isWritten(in checkpoint: Checkpoint) -> Bool {
        let configuration = checkpoint.configuration
        return checkpoint.hasConversionFlag("assumes_context_length")
            && configuration.contextLength
                == AssumedContextLength(configuration.withContextLength(nil)).length
    }
}
