import LlamaTokenizers

/// Makes prompts of what a list gives: fills templates, and encodes conversations by their format.
package struct PromptRenderer: Sendable {
    /// What text and instructions are put in.
    package var template: PromptTemplate?
    /// The system message of conversations that have none.
    package var system: String?
    /// Whether text is a message of the user, to be answered, rather than the beginning of a text.
    package var textIsMessage = false

    /// Text is completed as it is.
    package init() {}

    /// Whether the prompt of an entry is a conversation.
    package func isConversation(_ entry: PromptList.Entry) -> Bool {
        switch entry.content {
        case .messages: true
        case .text, .instruction: textIsMessage
        case .ids: false
        }
    }

    /// The prompt of an entry.
    ///
    /// - Parameter chat: Encodes conversations; nil where there is no tokenizer.
    /// - Throws: ``GenerationError`` for messages in the wrong order, and an instruction without a template that fits.
    package func prompt(
        _ entry: PromptList.Entry, chat: ChatEncoder?
    ) throws(GenerationError) -> Prompt {
        let text: String
        switch entry.content {
        case .ids(let ids): return Prompt(.ids(ids), source: entry.source)
        case .messages(let messages): return try prompt(messages, chat, source: entry.source)
        case .text(let given):
            text =
                try template.map { template throws(GenerationError) in
                    try fill(template, given, nil, source: entry.source)
                } ?? given
        case .instruction(let instruction, let input):
            guard let template else { throw .needsTemplate(source: entry.source) }
            text = try fill(template, instruction, input, source: entry.source)
        }
        guard textIsMessage else { return Prompt(.text(text), source: entry.source) }
        return try prompt([ChatMessage(.user, text)], chat, source: entry.source)
    }

    private func fill(
        _ template: PromptTemplate, _ instruction: String, _ input: String?, source: String
    ) throws(GenerationError) -> String {
        do throws(PromptTemplateError) {
            return try template.prompt(instruction: instruction, input: input)
        } catch { throw .invalidInstruction(source: source, error) }
    }

    private func prompt(
        _ messages: [ChatMessage], _ chat: ChatEncoder?, source: String
    ) throws(GenerationError) -> Prompt {
        guard let chat else { throw .needsTokenizer(source: source) }
        do throws(ChatError) {
            var messages = messages
            if let system, messages.first?.role != .system {
                // Checked before, so that errors count messages as the line does, and nothing is answered where none is.
                _ = try chat.format.segments(of: messages, addsGenerationPrompt: true)
                messages.insert(ChatMessage(.system, system), at: 0)
            }
            return Prompt(
                ids: try chat.encode(messages), text: try chat.text(of: messages),
                title: messages.last?.content, source: source)
        } catch { throw .invalidConversation(source: source, error) }
    }
}
