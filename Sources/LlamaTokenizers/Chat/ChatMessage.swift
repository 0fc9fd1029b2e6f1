/// One message of a conversation.
package struct ChatMessage: Sendable, Hashable {
    /// Who speaks.
    package enum Role: String, Sendable, Hashable, CaseIterable {
        /// Instructions that apply to the whole conversation; only the first message may have this role.
        case system
        /// The person, or the program, that the model answers.
        case user
        /// The model.
        case assistant
    }

    /// Who speaks.
    package var role: Role
    /// The text. No spelling in it ever becomes a control token.
    package var content: String

    /// A message of this role.
    package init(_ role: Role, _ content: String) {
        (self.role, self.content) = (role, content)
    }

    /// A message whose role is given by name, as in a file of messages.
    ///
    /// - Parameter index: the message's position in the conversation, from 0, for errors.
    /// - Throws: `.unsupportedRole` for any name but those of ``Role``; `tool` and `ipython` are not supported.
    package init(role name: String, content: String, index: Int) throws(ChatError) {
        guard let role = Role(rawValue: name) else { throw .unsupportedRole(name, index: index) }
        self.init(role, content)
    }
}
