import LlamaFiles
import LlamaJSON

/// Why a conversation cannot become a prompt; `description` is the message for the user.
package enum ChatError: Error, Sendable, Equatable {
    /// There are no messages.
    case emptyConversation

    /// The role of message `index`, counted from 0, is none of ``ChatMessage/Role``.
    case unsupportedRole(String, index: Int)

    /// Message `index`, counted from 0, is a system message, but not the first message.
    case systemNotFirst(index: Int)

    /// Message `index`, counted from 0, has another role than the order requires; `found` is nil where the conversation
    /// ends.
    case wrongOrder(index: Int, expected: ChatMessage.Role, found: ChatMessage.Role?)

    /// The model is to answer, but the conversation ends with its own message.
    case alreadyAnswered

    /// The vocabulary lacks control tokens of the format, or has their spellings only as text.
    case missingControlTokens([String], format: ChatFormat.Name)

    /// There is no format of this name.
    case unknownFormat(String)

    /// The chat template in `source` is none of the known ones; `nearest` is the format most like it, if any is.
    case unknownTemplate(source: String, nearest: ChatFormat.Name?)

    /// A checkpoint without a chat template, of none of the known families.
    case noFormat(model: String)
}

extension ChatError: CategorizedError {
    /// ``ErrorCategory/invalidArgument`` for the name of a format, ``ErrorCategory/badInput`` for anything else.
    package var category: ErrorCategory {
        switch self {
        case .unknownFormat: .invalidArgument
        case .emptyConversation, .unsupportedRole, .systemNotFirst, .wrongOrder, .alreadyAnswered: .badInput
        case .missingControlTokens, .unknownTemplate, .noFormat: .badInput
        }
    }

    /// One line that says what was expected, what was found, and what to do. Messages are counted from 1.
    package var description: String {
        switch self {
        case .emptyConversation:
            "conversation: expected at least one message, found none; add a message of the user"
        case .unsupportedRole(let role, let index):
            "message \(index + 1): expected the role system, user or assistant, found \"\(role.oneLine())\"; "
                + "tool calls are not supported"
        case .systemNotFirst(let index):
            "message \(index + 1): expected the system message to be the first, found it after others; "
                + "move it to the beginning"
        case .wrongOrder(let index, let expected, let found):
            "message \(index + 1): expected the role \(expected.rawValue), found "
                + (found?.rawValue ?? "the end of the conversation")
                + "; after the system message, user and assistant take turns"
        case .alreadyAnswered:
            "conversation: expected a message of the user at its end, found one of the assistant; "
                + "add the next message of the user or remove the answer"
        case .missingControlTokens(let tokens, let format):
            "chat format \(format.rawValue): expected the control tokens "
                + tokens.joined(separator: " ").oneLine()
                + ", found a vocabulary without them; use another --chat-format or the model's own tokenizer"
        case .unknownFormat(let name):
            "--chat-format: expected \(ChatFormat.Name.list), found \"\(name.oneLine())\""
        case .unknownTemplate(let source, let nearest):
            "\(source): expected a known chat template, found another; "
                + (nearest.map {
                    "to use the most similar format all the same, pass --chat-format \($0.rawValue)"
                }
                    ?? "choose one with --chat-format (\(ChatFormat.Name.list))")
        case .noFormat(let model):
            "\(model): expected a chat template or a vocabulary of a known family, found neither; "
                + "choose one with --chat-format (\(ChatFormat.Name.list))"
        }
    }
}
