/// A vocabulary as it lies inside a checkpoint: what a GGUF file has under `tokenizer.ggml`.
///
/// A value without promises: `makeTokenizer(file:)` and whatever writes a file check it first.
package struct EmbeddedVocabulary: Sendable, Hashable {
    /// What the tokens are made by (`tokenizer.ggml.model`).
    package enum Model: String, Sendable, Hashable, CaseIterable {
        /// SentencePiece's BPE: of two neighbours, those merge first that make the token with the greatest score.
        case sentencePiece = "llama"

        /// Byte-level BPE: a list of merges, the earliest first.
        case byteLevel = "gpt2"
    }

    /// What the tokens are made by.
    package var model: Model

    /// The name of the rules by which a text is cut before bytes are merged (`tokenizer.ggml.pre`), such as
    /// `llama-bpe`; `default` in a vocabulary of SentencePiece.
    package var preTokenizer: String

    /// The tokens' spellings in UTF-8, by id: `▁the`, `<0x0A>` in a vocabulary of SentencePiece, `Ġthe` in one of
    /// bytes.
    package var tokens: [[UInt8]]

    /// The tokens' scores, by id; may be empty in a vocabulary of bytes.
    package var scores: [Float]

    /// The tokens' kinds, by id (`tokenizer.ggml.token_type`); empty where the file does not say.
    package var kinds: [TokenKind]

    /// Pairs of spellings with a space between, the earliest first; empty in a vocabulary of SentencePiece.
    package var merges: [[UInt8]]

    /// The token that begins a sequence.
    package var bosID: Int32?

    /// The token that ends a sequence.
    package var eosID: Int32?

    /// The token that ends a turn.
    package var eotID: Int32?

    /// The token that ends a message, after which the turn goes on.
    package var eomID: Int32?

    /// The token for text that cannot be spelled.
    package var unknownID: Int32?

    /// The token that fills unused places of a batch.
    package var padID: Int32?

    /// Whether a text that the model is given begins with `bosID`.
    package var addsBOS: Bool

    /// Whether a text that the model is given ends with `eosID`.
    package var addsEOS: Bool

    /// Whether a space is put before a text, which decoding drops; of no account in a vocabulary of bytes.
    package var addsSpacePrefix: Bool

    /// A vocabulary of these parts, not checked.
    package init(
        model: Model, preTokenizer: String = "default", tokens: [[UInt8]], scores: [Float] = [],
        kinds: [TokenKind] = [], merges: [[UInt8]] = [], bosID: Int32? = nil, eosID: Int32? = nil,
        eotID: Int32? = nil, eomID: Int32? = nil, unknownID: Int32? = nil, padID: Int32? = nil,
        addsBOS: Bool = true, addsEOS: Bool = false, addsSpacePrefix: Bool = true
    ) {
        (self.model, self.preTokenizer) = (model, preTokenizer)
        (self.tokens, self.scores, self.kinds, self.merges) = (tokens, scores, kinds, merges)
        (self.bosID, self.eosID, self.eotID, self.eomID) = (bosID, eosID, eotID, eomID)
        (self.unknownID, self.padID) = (unknownID, padID)
        (self.addsBOS, self.addsEOS, self.addsSpacePrefix) = (addsBOS, addsEOS, addsSpacePrefix)
    }

    /// The vocabulary of a tokenizer's file, as it goes into a checkpoint.
    ///
    /// - Parameter path: a `tokenizer.model` of SentencePiece (BPE or characters) or tiktoken (with the names of
    ///   Llama 3.1), a `tokenizer.json` with what the files beside it say, or a vocabulary exported for llama2.c.
    /// - Throws: what `loadTokenizer(at:)` throws, and `.unsupportedVocabulary` for a tokenizer whose rules no
    ///   checkpoint can hold.
    package init(tokenizerFile path: String) throws(TokenizerError) {
        let file = try TokenizerFile(path: path)
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try self.init(
            tokenizer: file.bytes, file: path,
            settings: file.kind == .huggingFaceJSON ? TokenizerSettings(folder: folder) : TokenizerSettings())
    }

    /// The vocabulary of a tokenizer's file, given by its bytes.
    ///
    /// - Parameters:
    ///   - file: what errors call it.
    ///   - settings: what the files beside a `tokenizer.json` say.
    /// - Throws: as `init(tokenizerFile:)` does.
    package init(
        tokenizer bytes: [UInt8], file: String, settings: TokenizerSettings = TokenizerSettings()
    ) throws(TokenizerError) {
        let kind = TokenizerKind(sniffing: bytes)
        switch kind {
        case .sentencePiece: try self.init(sentencePiece: bytes, file: file)
        case .tiktoken: try self.init(tiktoken: bytes, file: file)
        case .huggingFaceJSON: try self.init(tokenizerJSON: bytes, file: file, settings: settings)
        case .llama2cBin: try self.init(llama2c: bytes, file: file)
        case .otherJSON, .html, .gitLFSPointer, .empty, .unknown:
            throw .notATokenizer(file: file, kind: kind)
        }
    }

    /// A tokenizer with the ids of this vocabulary.
    ///
    /// - Parameter file: what errors call the vocabulary: the checkpoint's path.
    /// - Throws: `.malformedVocabulary` where the parts contradict one another, `.unsupportedVocabulary` for a
    ///   `preTokenizer` that is not known, `.rejected` where libsentencepiece refuses the pieces.
    package func makeTokenizer(file: String) throws(TokenizerError) -> any Tokenizer {
        let vocabulary = try checked(file: file)
        switch model {
        case .sentencePiece:
            do {
                let bytes = vocabulary.modelProto
                return EmbeddedTokenizer(try SentencePieceTokenizer(bytes: bytes, file: file), vocabulary)
            } catch {
                guard case .malformed(_, let what, _) = error else { throw error }
                throw .malformedVocabulary(file: file, what: what, place: "tokens")
            }
        case .byteLevel:
            let json = try vocabulary.tokenizerJSON(file: file)
            return EmbeddedTokenizer(try HuggingFaceTokenizer(bytes: json, file: file), vocabulary)
        }
    }
}
