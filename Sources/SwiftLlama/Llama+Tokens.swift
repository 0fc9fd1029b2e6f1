internal import LlamaGeneration
internal import LlamaModel
internal import LlamaTokenizers

extension Llama {
    /// Whether the model has a tokenizer. Without one, it completes token ids only.
    public var hasTokenizer: Bool { model.tokenizer != nil }

    /// The token ids of a text. Control tokens spelled in the text are plain text.
    ///
    /// - Parameters:
    ///   - text: May be empty.
    ///   - addsBeginToken: Whether the ids begin with the begin-of-sequence token; nil for what the model expects of a
    ///     prompt.
    /// - Throws: ``LlamaError`` if there is no tokenizer.
    public func tokenIDs(of text: String, addsBeginToken: Bool? = nil) throws(LlamaError) -> [Int32] {
        let tokenizer = try tokenizer
        return tokenizer.encode(text, addBOS: addsBeginToken ?? tokenizer.addsBOS)
    }

    /// The text of token ids. Control tokens and ids outside the vocabulary have none; bytes that are not UTF-8 become
    /// U+FFFD.
    ///
    /// - Throws: ``LlamaError`` if there is no tokenizer.
    public func text(of tokenIDs: [Int32]) throws(LlamaError) -> String {
        try tokenizer.decode(tokenIDs)
    }

    /// The token embeddings of ids: what the first layer of the model gets for them.
    ///
    /// - Returns: A row of ``ModelShape/dim`` numbers for each id.
    /// - Throws: ``LlamaError`` for ids outside the vocabulary, and where memory is short.
    public func embedding(of tokenIDs: [Int32]) throws(LlamaError) -> [[Float]] {
        let size = shape.vocabularySize
        if let id = tokenIDs.first(where: { !(0..<size).contains(Int($0)) }) {
            throw LlamaError(
                kind: .badInput, description: "tokenIDs: expected token ids below \(size), found \(id)")
        }
        return try LlamaError.translating { try model.transformer.embedding(of: tokenIDs) }
    }

    private var tokenizer: any Tokenizer {
        get throws(LlamaError) {
            guard let tokenizer = model.tokenizer?.tokenizer else {
                throw LlamaError(
                    kind: .missingInput,
                    description: "expected a tokenizer, found none; give one to Llama.init(at:tokenizer:)")
            }
            return tokenizer
        }
    }
}
