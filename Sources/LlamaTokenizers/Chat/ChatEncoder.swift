/// A chat format with the control tokens that a vocabulary has for it: conversations to token ids.
///
/// Only the format's own control tokens become ids of control tokens. The text of messages is encoded without any, so
/// that no message can end its turn or begin another one.
package struct ChatEncoder: Sendable {
    /// The format.
    package private(set) var format: ChatFormat
    /// The tokens that end a reply: the format's own, the tokenizer's, and the family's that the vocabulary has.
    package let stopTokens: Set<Int32>

    private let tokenizer: any Tokenizer
    private let ids: [ChatSegment: Int32]

    /// A format for a vocabulary.
    ///
    /// - Throws: `.missingControlTokens` with the spellings that are no control tokens of the vocabulary. Where one is
    ///   an ordinary token instead, messages could spell it.
    package init(_ format: ChatFormat, _ tokenizer: any Tokenizer) throws(ChatError) {
        let needed = format.controlTokens
        var ids: [ChatSegment: Int32] = [:]
        ids[.bos] = tokenizer.bosID
        ids[.eos] = tokenizer.eosID
        let spellings = Dictionary(
            uniqueKeysWithValues: needed.compactMap { segment in
                if case .control(let spelling) = segment { (Array(spelling.utf8), segment) } else { nil }
            })
        if !spellings.isEmpty {
            for id in 0..<Int32(clamping: tokenizer.vocabularySize) where tokenizer.kind(of: id) == .control {
                if let segment = spellings[tokenizer.spelling(of: id)] { ids[segment] = id }
            }
        }
        let missing = needed.filter { ids[$0] == nil }
        guard missing.isEmpty else {
            throw .missingControlTokens(missing.map(\.spelling), format: format.name)
        }
        self.ids = ids
        (self.format, self.tokenizer) = (format, tokenizer)
        stopTokens = StopTokens.of(tokenizer, nil).union(
            format.endOfReply.flatMap { ids[$0] }.map { [$0] } ?? [])
    }

    /// The format's ``ChatFormat/date``, which can change between conversations.
    package var date: String {
        get { format.date }
        set { format.date = newValue }
    }

    /// The ids of a conversation.
    ///
    /// - Parameters:
    ///   - messages: an optional system message, then user and assistant in turns.
    ///   - addsGenerationPrompt: whether the heading of the assistant's next message follows; if so, the last message
    ///     is the user's.
    /// - Throws: what ``ChatFormat/segments(of:addsGenerationPrompt:)`` throws.
    package func encode(
        _ messages: [ChatMessage], addsGenerationPrompt: Bool = true
    ) throws(ChatError) -> [Int32] {
        var result: [Int32] = []
        for segment in try segments(of: messages, addsGenerationPrompt) {
            if case .text(let text) = segment {
                result += tokenizer.encode(text, specials: .none, addBOS: false)
            } else if let id = ids[segment] {
                result.append(id)
            }
        }
        return result
    }

    /// The text of a conversation, with control tokens as the vocabulary spells them: what a person sees of the ids.
    /// Encoding it is not safe, as messages may spell control tokens, too.
    ///
    /// - Throws: as ``encode(_:addsGenerationPrompt:)`` does.
    package func text(
        of messages: [ChatMessage], addsGenerationPrompt: Bool = true
    ) throws(ChatError) -> String {
        try segments(of: messages, addsGenerationPrompt).reduce(into: "") { result, segment in
            if case .text(let text) = segment {
                result += text
            } else if let id = ids[segment] {
                result += String(decoding: tokenizer.spelling(of: id), as: UTF8.self)
            }
        }
    }

    private func segments(
        of messages: [ChatMessage], _ addsGenerationPrompt: Bool
    ) throws(ChatError) -> [ChatSegment] {
        let segments = try format.segments(of: messages, addsGenerationPrompt: addsGenerationPrompt)
        // In `plain` a vocabulary need not have a beginning, nor a model want it.
        guard format.name == .plain, !tokenizer.addsBOS else { return segments }
        return segments.filter { $0 != .bos }
    }
}

extension ChatFormat {
    /// The control tokens that the format cannot do without.
    var controlTokens: [ChatSegment] {
        switch name {
        case .llama2, .alpaca: [.bos, .eos]
        case .llama3, .llama31, .llama32:
            [.bos, .control("<|start_header_id|>"), .control("<|end_header_id|>"), .control("<|eot_id|>")]
        case .chatml: (beginsWithBOS ? [.bos] : []) + [.control("<|im_start|>"), .control("<|im_end|>")]
        case .plain: []
        }
    }

    /// The control token after a reply; nil where there is none.
    var endOfReply: ChatSegment? {
        switch name {
        case .llama2, .alpaca: .eos
        case .llama3, .llama31, .llama32: .control("<|eot_id|>")
        case .chatml: .control("<|im_end|>")
        case .plain: nil
        }
    }
}

extension ChatSegment {
    /// What to call it in a message.
    fileprivate var spelling: String {
        switch self {
        case .text(let text), .control(let text): text
        case .bos: "<s> (beginning of the sequence)"
        case .eos: "</s> (end of the sequence)"
        }
    }
}
