import LlamaCheckpoints

/// The tokens that end a text or a turn.
package enum StopTokens {
    /// The spellings that end a text in the families of Llama.
    static let endsOfText = ["</s>", "<|end_of_text|>", "<|endoftext|>"]
    /// The spellings that end a turn of a dialog.
    static let endsOfTurn = ["<|eot_id|>", "<|eom_id|>", "<|im_end|>"]
    /// All spellings that end a text or a turn.
    static let spellings = endsOfText + endsOfTurn

    /// The union of the stop tokens of the checkpoint's configuration (`config.json`, `generation_config.json`, GGUF
    /// keys), those of the tokenizer, and the family's control tokens that the vocabulary has.
    ///
    /// Each source can be incomplete: `generation_config.json` of an early Llama 3 lacks `<|eot_id|>`, a
    /// SentencePiece `tokenizer.model` has the end of the sequence only.
    ///
    /// - Parameters:
    ///   - tokenizer: Nil if there is none.
    ///   - configuration: Nil if it could not be read.
    package static func of(
        _ tokenizer: (any Tokenizer)?, _ configuration: ModelConfiguration?
    ) -> Set<Int32> {
        let stated = configuration?.stopTokens ?? []
        guard let tokenizer else { return stated }
        let family = controlTokens(count: tokenizer.vocabularySize) { id in
            tokenizer.kind(of: id) == .control ? tokenizer.spelling(of: id) : nil
        }
        return stated.union(tokenizer.stopTokens).union(family)
    }

    /// The control tokens of a vocabulary of `count` ids that end a text or a turn.
    ///
    /// - Parameter spelling: The spelling of a control token; nil for any other token.
    static func controlTokens(count: Int, spelling: (Int32) -> [UInt8]?) -> [Int32] {
        let spellings = Set(Self.spellings.map { Array($0.utf8) })
        return (0..<Int32(clamping: count)).filter { spelling($0).map(spellings.contains) ?? false }
    }
}
