/// How the messages of a conversation become a prompt.
///
/// Each format renders what the chat template that was published with its models renders; `tools/make_chat_fixtures.py`
/// compares them.
package struct ChatFormat: Sendable, Hashable {
    /// The formats by name, as options spell them.
    package enum Name: String, Sendable, Hashable, CaseIterable {
        /// Llama 2 Chat: `[INST]` and `<<SYS>>`.
        ///
        /// The markers are text, not control tokens: a user who writes `[/INST]` makes the same ids as the format. What
        /// separates turns are the control tokens `<s>` and `</s>`, which text cannot spell.
        case llama2
        /// Llama 3: a header with the role, and `<|eot_id|>` after each message.
        case llama3
        /// Llama 3.1 and 3.3: Llama 3's, with a system message that always states two dates.
        case llama31 = "llama3.1"
        /// Llama 3.2: as 3.1; its template states the current date where 3.1's states a fixed one.
        case llama32 = "llama3.2"
        /// `<|im_start|>` and `<|im_end|>`, which many fine-tuned models use.
        case chatml
        /// Stanford Alpaca's instruction prompt, which is for one turn; more turns repeat its headings.
        case alpaca
        /// The texts alone, one per line: for models that were not trained on conversations.
        case plain

        /// All names, for messages.
        package static var list: String {
            let names = allCases.map(\.rawValue)
            return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        }
    }

    /// Which format it is.
    package let name: Name

    /// The current date that `llama3.1` and `llama3.2` state, as `26 Jul 2024`; the other formats have none.
    ///
    /// By default the date that Llama 3.1's template states, so that results are reproducible.
    package var date = Self.templateDate

    /// Whether `llama2` removes white space around the system message, as the template of the published checkpoints does;
    /// an earlier one and Meta's own code do not.
    package var trimsSystem = true

    /// Whether `chatml` begins with the token that begins a sequence. Templates differ, and most leave it out.
    package var beginsWithBOS = false

    /// The date that Llama 3.1's template states if it is given no other.
    package static let templateDate = "26 Jul 2024"

    /// A format with its usual settings.
    package init(_ name: Name) {
        self.name = name
    }

    /// The format that `--chat-format` names.
    ///
    /// - Throws: `.unknownFormat`.
    package init(named name: String) throws(ChatError) {
        guard let name = Name(rawValue: name) else { throw .unknownFormat(name) }
        self.init(name)
    }

    /// Whether the date has a meaning in this format.
    package var statesDate: Bool { name == .llama31 || name == .llama32 }

    /// What follows the text of a reply in the conversation, control tokens spelled out.
    package var replyEnd: String {
        switch name {
        case .llama2: " </s>"
        case .llama3, .llama31, .llama32: "<|eot_id|>"
        case .chatml: "<|im_end|>\n"
        case .alpaca: "</s>"
        case .plain: "\n"
        }
    }

    /// Texts that end a reply where a model writes the next turn's heading itself instead of a control token.
    package var stopStrings: [String] {
        switch name {
        case .alpaca: ["\n\n### Instruction:"]
        case .llama2, .llama3, .llama31, .llama32, .chatml, .plain: []
        }
    }
}
