import LlamaCheckpoints
import LlamaTokenizers

/// Turns prompts into ids a model can take, or says which prompt cannot be.
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

/// Refuses a tokenizer whose ids are not the model's.
///
/// A model may have a few rows more than the tokenizer has ids: Hugging Face checkpoints pad the embedding, or
/// keep added tokens beside `tokenizer.model`. Never fewer.
///
/// - Parameters:
///   - file: The tokenizer's file, and `model` the checkpoint's, for the error.
package func checkVocabulary(
    of tokenizer: some Tokenizer, file: String, against configuration: ModelConfiguration, model: String,
    naming: TensorNaming
) throws(GenerationError) {
    let padding = configuration.vocabularySize - tokenizer.vocabularySize
    guard padding == 0 || (naming == .huggingFace && (0...1024).contains(padding)) else {
        throw .vocabularyMismatch(
            tokenizer: file, count: tokenizer.vocabularySize, model: model,
            expected: configuration.vocabularySize)
    }
}
