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
    /// The text, where it was given or rendered as text.
    package let text: String?
    /// What a person recognizes it by, where that is not the text: the last message of a conversation.
    package let title: String?

    /// - Parameter source: Where it came from, for error messages.
    package init(_ content: Content, source: String) {
        self.content = content
        self.source = source
        text = if case .text(let text) = content { text } else { nil }
        title = nil
    }

    /// A prompt whose ids are not those of its text, because some are of control tokens.
    ///
    /// - Parameters:
    ///   - text: What records and people see of it.
    ///   - title: What a person recognizes it by.
    package init(ids: [Int32], text: String, title: String?, source: String) {
        content = .ids(ids)
        (self.text, self.title, self.source) = (text, title, source)
    }
}
