extension ChatFormat {
    /// The conversation as text and control tokens.
    ///
    /// - Parameters:
    ///   - messages: an optional system message, then user and assistant in turns.
    ///   - addsGenerationPrompt: whether the heading of the assistant's next message follows; if so, the last message
    ///     is the user's.
    /// - Throws: `.emptyConversation`, `.systemNotFirst`, `.wrongOrder` and `.alreadyAnswered`.
    package func segments(
        of messages: [ChatMessage], addsGenerationPrompt: Bool
    ) throws(ChatError) -> [ChatSegment] {
        try Self.checkOrder(of: messages, isToBeAnswered: addsGenerationPrompt)
        let system = messages.first.flatMap { $0.role == .system ? $0.content : nil }
        let turns = messages.dropFirst(system == nil ? 0 : 1)
        var segments = ChatSegments()
        switch name {
        case .llama2: llama2(system, turns, &segments)
        case .llama3, .llama31, .llama32: llama3(system, turns, addsGenerationPrompt, &segments)
        case .chatml: chatML(messages, addsGenerationPrompt, &segments)
        case .alpaca: alpaca(system, turns, addsGenerationPrompt, &segments)
        case .plain:
            segments.bos()
            segments.text(messages.map(\.content).joined(separator: "\n"))
        }
        return segments.all
    }

    private static func checkOrder(of messages: [ChatMessage], isToBeAnswered: Bool) throws(ChatError) {
        guard let first = messages.first, let last = messages.last else { throw .emptyConversation }
        let start = first.role == .system ? 1 : 0
        for index in start..<max(messages.count, start + 1) {
            let found = index < messages.count ? messages[index].role : nil
            let expected: ChatMessage.Role = (index - start).isMultiple(of: 2) ? .user : .assistant
            if found == .system { throw .systemNotFirst(index: index) }
            guard found == expected else { throw .wrongOrder(index: index, expected: expected, found: found) }
        }
        if isToBeAnswered, last.role == .assistant { throw .alreadyAnswered }
    }

    /// The system message is the beginning of the first user message. There is no heading for the answer.
    private func llama2(
        _ system: String?, _ turns: ArraySlice<ChatMessage>, _ segments: inout ChatSegments
    ) {
        var heading =
            system.map { "<<SYS>>\n" + (trimsSystem ? $0.trimmingWhiteSpace : $0) + "\n<</SYS>>\n\n" } ?? ""
        for turn in turns {
            let content = (heading + turn.content).trimmingWhiteSpace
            heading = ""
            if turn.role == .user {
                segments.bos()
                segments.text("[INST] \(content) [/INST]")
            } else {
                segments.text(" \(content) ")
                segments.eos()
            }
        }
    }

    private func llama3(
        _ system: String?, _ turns: ArraySlice<ChatMessage>, _ addsGenerationPrompt: Bool,
        _ segments: inout ChatSegments
    ) {
        func heading(_ role: ChatMessage.Role) {
            segments.control("<|start_header_id|>")
            segments.text(role.rawValue)
            segments.control("<|end_header_id|>")
            segments.text("\n\n")
        }
        segments.bos()
        let system = system?.trimmingWhiteSpace
        if statesDate || system != nil {
            heading(.system)
            if statesDate {
                segments.text("Cutting Knowledge Date: December 2023\nToday Date: \(date)\n\n")
            }
            segments.text(system ?? "")
            segments.control("<|eot_id|>")
        }
        for turn in turns {
            heading(turn.role)
            segments.text(turn.content.trimmingWhiteSpace)
            segments.control("<|eot_id|>")
        }
        if addsGenerationPrompt { heading(.assistant) }
    }

    private func chatML(
        _ messages: [ChatMessage], _ addsGenerationPrompt: Bool, _ segments: inout ChatSegments
    ) {
        if beginsWithBOS { segments.bos() }
        for message in messages {
            segments.control("<|im_start|>")
            segments.text("\(message.role.rawValue)\n\(message.content)")
            segments.control("<|im_end|>")
            segments.text("\n")
        }
        if addsGenerationPrompt {
            segments.control("<|im_start|>")
            segments.text("assistant\n")
        }
    }

    /// Source: `PROMPT_DICT` and `preprocess` in Stanford Alpaca's `train.py`. A system message replaces the preamble.
    private func alpaca(
        _ system: String?, _ turns: ArraySlice<ChatMessage>, _ addsGenerationPrompt: Bool,
        _ segments: inout ChatSegments
    ) {
        segments.bos()
        segments.text(system ?? PromptTemplate.alpacaPreamble)
        for turn in turns {
            if turn.role == .user {
                segments.text("\n\n### Instruction:\n\(turn.content)")
            } else {
                segments.text("\n\n### Response:\(turn.content)")
                segments.eos()
            }
        }
        if addsGenerationPrompt { segments.text("\n\n### Response:") }
    }
}
