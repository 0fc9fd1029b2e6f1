internal import LlamaGeneration

/// The beginning of a text, to be completed.
public enum Prompt: Sendable, Equatable {
    /// Text. It is encoded after the begin-of-sequence token; control tokens spelled in it are plain text.
    case text(String)
    /// Token ids, used as they are.
    case tokenIDs([Int32])

    var content: LlamaGeneration.Prompt.Content {
        switch self {
        case .text(let text): .text(text)
        case .tokenIDs(let ids): .ids(ids)
        }
    }
}

extension Prompt: ExpressibleByStringInterpolation {
    /// A prompt of text.
    public init(stringLiteral text: String) { self = .text(text) }
}
