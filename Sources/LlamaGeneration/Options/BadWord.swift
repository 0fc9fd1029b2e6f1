import LlamaTokenizers

/// What a completion must not contain.
package enum BadWord: Sendable, Equatable {
    /// Text, as the beginning of a word and inside one.
    case text(String)
    /// Token ids, as they are.
    case ids([Int32])

    /// The sequences of tokens that spell words.
    ///
    /// A text is encoded twice, as vLLM does: with a space before it, as where a word begins, and without. Spaces that it
    /// begins with do not count. Spellings of other tokens are not found: a model hardly ever produces them.
    ///
    /// - Throws: ``OptionError`` for an empty word, and for text where there is no tokenizer.
    static func sequences(
        _ words: [BadWord], _ tokenizer: (any Tokenizer)?
    ) throws(OptionError) -> [[Int32]] {
        var sequences: [[Int32]] = []
        for (index, word) in words.enumerated() {
            switch word {
            case .ids(let ids):
                try OptionError.require(
                    !ids.isEmpty, .badWords, "at least one token each", "none in entry \(index)")
                sequences.append(ids)
            case .text(let text):
                try OptionError.require(!text.isEmpty, .badWords, "text", "none in entry \(index)")
                guard let tokenizer else {
                    throw OptionError(
                        .badWords, expected: "token ids, as there is no tokenizer", found: "\"\(text)\"")
                }
                let spellings = spellings(of: text, tokenizer)
                try OptionError.require(
                    spellings.allSatisfy { !$0.isEmpty }, .badWords, "text that has tokens", "\"\(text)\"")
                sequences += spellings
            }
        }
        return sequences
    }

    private static func spellings(of text: String, _ tokenizer: any Tokenizer) -> [[Int32]] {
        let word = String(text.drop { $0 == " " })
        if word.isEmpty { return [continuation(text, tokenizer)] }
        let inside = continuation(word, tokenizer)
        let beginning = continuation(" " + word, tokenizer)
        return inside == beginning ? [inside] : [beginning, inside]
    }

    /// The ids of a text that follows another one: SentencePiece puts a space before the first text.
    private static func continuation(_ text: String, _ tokenizer: any Tokenizer) -> [Int32] {
        for before in ["\n", ".", "-"] {
            let start = tokenizer.encode(before, addBOS: false)
            let ids = tokenizer.encode(before + text, addBOS: false)
            if !start.isEmpty, ids.count > start.count, ids.starts(with: start) {
                return Array(ids[start.count...])
            }
        }
        return tokenizer.encode(text, addBOS: false)
    }
}
