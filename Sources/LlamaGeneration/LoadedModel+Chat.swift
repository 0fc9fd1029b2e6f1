import LlamaCheckpoints
import LlamaTokenizers

/// How conversations with a model become prompts.
package struct ModelChat: Sendable {
    /// The format, and where it is known from.
    package let choice: ChatFormatChoice
    /// Conversations to ids.
    package let encoder: ChatEncoder
}

extension LoadedModel {
    /// The chat format of the model; nil where there is no tokenizer.
    ///
    /// Chosen when it is asked for, not when the model is loaded: a template that is not known is no error of a model that
    /// only completes text.
    ///
    /// - Parameter name: The format that the user wants, as ``ChatFormat/Name`` spells it; nil for that of the checkpoint's
    ///   own chat template, or else of its family.
    /// - Throws: ``ChatError`` where there is no format or the vocabulary lacks its control tokens, ``TokenizerError`` for
    ///   a template that cannot be read.
    package func chat(named name: String? = nil) throws -> ModelChat? {
        guard let tokenizer = tokenizer?.tokenizer else { return nil }
        let choice = try ChatFormatChoice(
            named: name, templates: name == nil ? chatTemplates() : nil, tokenizer: tokenizer,
            configuration: checkpoint.configuration, model: checkpoint.gguf?.file ?? checkpoint.folder)
        return ModelChat(choice: choice, encoder: try ChatEncoder(choice.format, tokenizer))
    }

    private func chatTemplates() throws(TokenizerError) -> (templates: ChatTemplates, file: String)? {
        // A llama2.c file may share its folder with other models, so nothing else there belongs to it.
        guard checkpoint.format != .llama2c else { return nil }
        return try ChatTemplates.found(gguf: checkpoint.gguf, folder: checkpoint.folder)
    }
}
