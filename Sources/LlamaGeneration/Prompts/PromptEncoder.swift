import LlamaTokenizers

/// Turns prompts into ids that the model can process, or says which prompt cannot be turned into any.
struct PromptEncoder {
    let tokenizer: (any Tokenizer)?
    let vocabularySize: Int
    let maxSequenceLength: Int

    func encode(_ prompt: Prompt) throws(GenerationError) -> [Int32] {
        let ids: [Int32]
        switch prompt.content {
        case .ids(let given):
            guard !given.isEmpty else {
                throw .invalidPrompt(source: prompt.source, expected: "at least one token id", found: "none")
            }
            ids = given
        case .text(let text):
            guard let tokenizer else { throw .needsTokenizer(source: prompt.source) }
            ids = tokenizer.encode(text, addBOS: tokenizer.addsBOS)
        }
        guard !ids.isEmpty else { throw .emptyPrompt(source: prompt.source) }
        guard ids.count <= maxSequenceLength else {
            throw .promptTooLong(source: prompt.source, count: ids.count, limit: maxSequenceLength)
        }
        if let id = ids.first(where: { !(0..<vocabularySize).contains(Int($0)) }) {
            throw .tokenOutOfRange(source: prompt.source, id: id, vocabularySize: vocabularySize)
        }
        return ids
    }
}
