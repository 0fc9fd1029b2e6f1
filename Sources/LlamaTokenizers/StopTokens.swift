import LlamaCheckpoints

/// The tokens that end a text or a turn.
package enum StopTokens {
    /// What the families of Llama call them.
    static let spellings = [
        "</s>", "<|end_of_text|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>",
    ]

    /// The union of what the checkpoint's configuration says (`config.json`, `generation_config.json`, GGUF keys),
    /// what the tokenizer says, and the family's control tokens that the vocabulary has.
    ///
    /// Files leave out one or the other: `generation_config.json` of an early Llama 3 lacks `<|eot_id|>`, a
    /// `tokenizer.model` of SentencePiece names the end of the sequence only.
    ///
    /// - Parameters:
    ///   - tokenizer: Nil where there is none.
    ///   - configuration: Nil where it could not be read.
    package static func of(
        _ tokenizer: (any Tokenizer)?, _ configuration: ModelConfiguration?
    ) -> Set<Int32> {
        let stated = configuration?.stopTokens ?? []
        guard let tokenizer else { return stated }
        let spellings = Set(Self.spellings.map { Array($0.utf8) })
        let familys = (0..<Int32(clamping: tokenizer.vocabularySize)).filter { id in
            tokenizer.kind(of: id) == .control && spellings.contains(tokenizer.spelling(of: id))
        }
        return stated.union(tokenizer.stopTokens).union(familys)
    }
}
