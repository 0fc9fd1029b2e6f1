/// A stretch of a rendered conversation.
package enum ChatSegment: Sendable, Hashable {
    /// Text, which is encoded without control tokens.
    case text(String)
    /// The control token with this spelling.
    case control(String)
    /// The token that begins a sequence.
    case bos
    /// The token that ends a sequence.
    case eos
}

/// The segments of a conversation, in order; texts next to each other are one text, because a tokenizer merges across
/// the border.
struct ChatSegments {
    private(set) var all: [ChatSegment] = []

    mutating func text(_ text: String) {
        if text.isEmpty { return }
        if case .text(let last)? = all.last {
            all[all.count - 1] = .text(last + text)
        } else {
            all.append(.text(text))
        }
    }

    mutating func control(_ spelling: String) { all.append(.control(spelling)) }

    mutating func bos() { all.append(.bos) }

    mutating func eos() { all.append(.eos) }
}
