import LlamaFiles

/// The vocabulary of a tokenizer in the form in which a checkpoint embeds it: `tokenizer.ggml` of a GGUF file.
///
/// The values are not checked: `makeTokenizer(file:)`, and whatever writes a file, checks them first.
package struct EmbeddedVocabulary: Sendable, Hashable {
    /// How tokens are merged (`tokenizer.ggml.model`).
    package enum Model: String, Sendable, Hashable, CaseIterable {
        /// SentencePiece's BPE: the neighbors whose merged token has the greatest score merge first.
        case sentencePiece = "llama"

        /// Byte-level BPE: a list of merges, the earliest first.
        case byteLevel = "gpt2"
    }

    /// What encoding adds to a text.
    package struct Additions: Sendable, Hashable {
        /// Whether the ids begin with ``SpecialIDs/bos``.
        package var bos = true
        /// Whether the ids end with ``SpecialIDs/eos``.
        package var eos = false
        /// Whether a space is put before the text, which decoding drops; ignored in a byte-level vocabulary.
        package var spacePrefix = true
    }

    /// How tokens are merged.
    package var model: Model
    /// The name of the rules that split a text into words (`tokenizer.ggml.pre`), such as `llama-bpe`; `default` in a
    /// vocabulary of SentencePiece.
    package var preTokenizer: String
    /// The tokens' spellings in UTF-8, by id: `▁the` or `<0x0A>` in a vocabulary of SentencePiece, `Ġthe` in a byte-level
    /// one.
    package var tokens: [[UInt8]]
    /// The tokens' scores, by id; may be empty in a byte-level vocabulary.
    package var scores: [Float]
    /// The tokens' kinds, by id (`tokenizer.ggml.token_type`); empty if the file does not have them.
    package var kinds: [TokenKind]
    /// Pairs of spellings with a space between, the earliest first; empty in a vocabulary of SentencePiece.
    package var merges: [[UInt8]]
    /// The tokens with a role.
    package var specialIDs: SpecialIDs
    /// What encoding adds to a text.
    package var additions: Additions

    /// A vocabulary of these values, not checked.
    package init(
        model: Model, preTokenizer: String = "default", tokens: [[UInt8]], scores: [Float] = [],
        kinds: [TokenKind] = [], merges: [[UInt8]] = [], specialIDs: SpecialIDs = SpecialIDs(),
        additions: Additions = Additions()
    ) {
        (self.model, self.preTokenizer) = (model, preTokenizer)
        (self.tokens, self.scores, self.kinds, self.merges) = (tokens, scores, kinds, merges)
        (self.specialIDs, self.additions) = (specialIDs, additions)
    }
}

extension EmbeddedVocabulary {
    /// The ids of the tokens with a role; nil where the vocabulary has none.
    package struct SpecialIDs: Sendable, Hashable {
        /// Begins a sequence.
        package var bos: Int32?
        /// Ends a sequence.
        package var eos: Int32?
        /// Ends a turn.
        package var eot: Int32?
        /// Ends a message within a turn.
        package var eom: Int32?
        /// Stands for text that cannot be spelled.
        package var unknown: Int32?
        /// Fills unused positions of a batch.
        package var pad: Int32?

        /// Ids of these roles.
        package init(
            bos: Int32? = nil, eos: Int32? = nil, eot: Int32? = nil, eom: Int32? = nil, unknown: Int32? = nil,
            pad: Int32? = nil
        ) {
            (self.bos, self.eos, self.eot, self.eom) = (bos, eos, eot, eom)
            (self.unknown, self.pad) = (unknown, pad)
        }

        /// The keys under `tokenizer.ggml`, in the order in which llama.cpp's tools write them.
        static var keys: [(key: String, id: WritableKeyPath<SpecialIDs, Int32?>)] {
            [
                ("bos_token_id", \.bos), ("eos_token_id", \.eos), ("eot_token_id", \.eot),
                ("eom_token_id", \.eom), ("unknown_token_id", \.unknown), ("padding_token_id", \.pad),
            ]
        }

        /// The ids that there are, with their keys.
        var byKey: [(key: String, id: Int32)] {
            Self.keys.compactMap { key, path in self[keyPath: path].map { (key, $0) } }
        }
    }
}

extension EmbeddedVocabulary {
    /// The vocabulary of a tokenizer file.
    ///
    /// - Parameter path: a `tokenizer.model` of SentencePiece (BPE or characters) or tiktoken (with the names of
    ///   Llama 3.1), a `tokenizer.json` with the settings of the files beside it, a vocabulary exported for llama2.c, or
    ///   a GGUF file.
    /// - Throws: what `loadTokenizer(at:)` throws, and `.unsupportedVocabulary` for a tokenizer whose rules a
    ///   checkpoint cannot express.
    package init(tokenizerFile path: String) throws(TokenizerError) {
        if try TokenizerKind.isGGUF(path) {
            self = try Self(ggufFile: path)
            return
        }
        let file = try TokenizerFile(path: path)
        let folder = FilePath(path).folder
        try self.init(
            tokenizer: file.bytes, file: path,
            settings: file.kind == .huggingFaceJSON ? TokenizerSettings(folder: folder) : TokenizerSettings())
    }

    /// The vocabulary of a tokenizer file, given by its bytes.
    ///
    /// - Parameters:
    ///   - file: what errors call it.
    ///   - settings: the settings of the files beside a `tokenizer.json`.
    /// - Throws: as `init(tokenizerFile:)` does. A GGUF file is only read from its path.
    package init(
        tokenizer bytes: [UInt8], file: String, settings: TokenizerSettings = TokenizerSettings()
    ) throws(TokenizerError) {
        let kind = TokenizerKind(sniffing: bytes)
        switch kind {
        case .sentencePiece: try self.init(sentencePiece: bytes, file: file)
        case .tiktoken: try self.init(tiktoken: bytes, file: file)
        case .huggingFaceJSON: try self.init(tokenizerJSON: bytes, file: file, settings: settings)
        case .llama2cBin: try self.init(llama2c: bytes, file: file)
        case .gguf, .otherJSON, .html, .gitLFSPointer, .empty, .unknown:
            throw .notATokenizer(file: file, kind: kind)
        }
    }
}
