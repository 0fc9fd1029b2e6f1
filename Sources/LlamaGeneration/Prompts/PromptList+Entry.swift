import LlamaJSON
import LlamaTokenizers

extension PromptList {
    /// What a line of a list gives: something to make a prompt of, and settings.
    package struct Entry: Sendable {
        /// What a prompt is made of; see ``PromptRenderer``.
        package enum Content: Sendable, Equatable {
            /// Text.
            case text(String)
            /// Token ids, used as they are.
            case ids([Int32])
            /// A conversation that the model is to continue.
            case messages([ChatMessage])
            /// What goes into the gaps of a prompt template.
            case instruction(String, input: String?)
        }

        /// What the prompt is made of.
        package let content: Content
        /// Where it came from, for error messages: `prompts.txt: line 3`.
        package let source: String
        /// Settings of its own.
        package let settings: GenerationSettings

        /// - Parameters:
        ///   - source: Where it came from, for error messages.
        ///   - settings: Settings of its own.
        package init(_ content: Content, source: String, settings: GenerationSettings = GenerationSettings())
        {
            (self.content, self.source, self.settings) = (content, source, settings)
        }

        /// Whether a tokenizer is needed for it.
        package var hasText: Bool {
            if case .ids = content { settings.hasText } else { true }
        }
    }
}

extension PromptList.Entry {
    /// Members of a line that are not settings.
    private static let members = ["prompt", "prompt_ids", "messages", "instruction", "input", "id"]

    /// Reads a line of JSON.
    ///
    /// - Throws: `JSONError` for a line that gives no prompt or two, and for unknown members.
    init(_ object: JSONValue, source: String) throws(JSONError) {
        self.init(
            try Self.content(of: object), source: source,
            settings: try GenerationSettings(object, besides: Self.members))
    }

    private static func content(of object: JSONValue) throws(JSONError) -> Content {
        if let list = object["messages"] {
            try refuse(["prompt", "prompt_ids", "instruction", "input"], beside: "messages", object)
            return .messages(try messages(list))
        }
        if let instruction = object["instruction"] {
            try refuse(["prompt", "prompt_ids"], beside: "instruction", object)
            return .instruction(try instruction.string(), input: try object["input"]?.string())
        }
        if let input = object["input"] {
            throw .wrongType(path: input.path, expected: "an instruction with it", found: "none")
        }
        // Records have both: the ids are what was completed.
        guard let list = object["prompt_ids"] else { return .text(try object.member("prompt").string()) }
        return .ids(try list.tokenIDs())
    }

    private static func refuse(
        _ others: [String], beside key: String, _ object: JSONValue
    ) throws(JSONError) {
        for other in others {
            guard let value = object[other] else { continue }
            throw .wrongType(path: value.path, expected: "\(key) or \(other)", found: "both")
        }
    }

    private static func messages(_ list: JSONValue) throws(JSONError) -> [ChatMessage] {
        try list.array().map { message throws(JSONError) in
            let role = try message.member("role")
            let content = try message.member("content").string()
            for (key, value) in try message.members() where !["role", "content"].contains(key) {
                throw .wrongType(path: value.path, expected: "only role and content", found: value.excerpt)
            }
            guard let known = ChatMessage.Role(rawValue: try role.string()) else {
                throw .wrongType(
                    path: role.path, expected: "system, user or assistant (tool calls are not supported)",
                    found: role.excerpt)
            }
            return ChatMessage(known, content)
        }
    }
}
