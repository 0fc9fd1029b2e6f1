/// The beginning of a text, to be completed.
package struct Prompt: Sendable, Equatable {
    /// How the prompt was given.
    package enum Content: Sendable, Equatable {
        /// Text, to be encoded after a begin-of-sequence token.
        case text(String)
        /// Token ids, used as they are.
        case ids([Int32])
    }

    /// Text or ids.
    package let content: Content
    /// Where it came from, for error messages: `prompts.txt: line 3`.
    package let source: String

    /// - Parameter source: Where it came from, for error messages.
    package init(_ content: Content, source: String) {
        self.content = content
        self.source = source
    }

    /// The text, where it was given as text.
    package var text: String? {
        if case .text(let text) = content { text } else { nil }
    }
}
