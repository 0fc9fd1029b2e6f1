/// Why a tokenizer could not be loaded or trained. `description` says it to a person.
package enum TokenizerError: Error, Sendable, Hashable {
    /// There is no such file.
    case notFound(file: String)

    /// Neither the folder, nor the one that holds the checkpoint's file, has a tokenizer in it.
    case noTokenizer(path: String)

    /// The path leads to a directory.
    case isDirectory(file: String)

    /// The system would not give the file's bytes; `reason` is its own word for it.
    case unreadable(file: String, reason: String)

    /// The file has more bytes than any tokenizer.
    case tooLarge(file: String, limit: Int)

    /// The file is a tokenizer of a kind that this version does not read.
    case notSupported(file: String, kind: TokenizerKind)

    /// The file is no tokenizer; `kind` is what it is instead.
    case notATokenizer(file: String, kind: TokenizerKind)

    /// A SentencePiece model whose bytes are damaged: `what` is wrong at byte `offset` of the file.
    case malformed(file: String, what: String, offset: Int)

    /// A tiktoken vocabulary that is damaged: `what` is wrong in line `line`, counted from 1.
    case malformedRanks(file: String, what: String, line: Int)

    /// A `tokenizer.json`, or a file beside it, that is malformed or contradicts itself at `place`, a key path.
    case invalidJSON(file: String, place: String?, expected: String, found: String)

    /// A `tokenizer.json` with a rule that is not known here: `found` names it, `place` is its key path.
    case unsupportedComponent(file: String, found: String, place: String)

    /// A SentencePiece model that libsentencepiece refuses, with its reason.
    case rejected(file: String, reason: String)

    /// A vocabulary inside a checkpoint, or exported for llama2.c, that is damaged: `what` is wrong at `place`.
    case malformedVocabulary(file: String, what: String, place: String)

    /// A vocabulary with rules that are not known here, or that a format cannot express.
    case unsupportedVocabulary(file: String, expected: String, found: String)

    /// A GGUF file that carries no vocabulary.
    case noVocabulary(file: String)

    /// The tokenizer belongs to another model than `model`: it has `count` ids where `expected` are wanted, or at
    /// most that many.
    case vocabularyMismatch(file: String, count: Int, model: String, expected: Int, allowsFewer: Bool)

    /// There is no text to train on.
    case noTrainingText

    /// The text to train on holds a character that no SentencePiece model gives back, at byte `offset`: U+2581,
    /// which it writes for a space, or U+0000, which ends a piece.
    case untrainableCharacter(Unicode.Scalar, offset: Int)

    /// A vocabulary of `size` cannot hold the reserved tokens and the characters of the text: `minimum` pieces.
    case vocabularyTooSmall(size: Int, minimum: Int)

    /// The text yields no more than `maximum` pieces.
    case vocabularyTooLarge(size: Int, maximum: Int)

    /// libsentencepiece refuses to train, with its reason.
    case trainingFailed(reason: String)

    /// The trained model does not give back the text between byte `offset` and the next 64 KiB.
    case trainedModelIsLossy(offset: Int)

    /// Whether the input is missing or cannot be read (`EX_NOINPUT`, 66), rather than read and found bad
    /// (`EX_DATAERR`, 65).
    package var isMissingInput: Bool {
        switch self {
        case .notFound, .noTokenizer, .isDirectory, .unreadable: true
        case .tooLarge, .notSupported, .notATokenizer, .malformed, .malformedRanks, .rejected: false
        case .invalidJSON, .unsupportedComponent, .malformedVocabulary, .unsupportedVocabulary: false
        case .noTrainingText, .untrainableCharacter, .vocabularyTooSmall, .vocabularyTooLarge: false
        case .noVocabulary, .vocabularyMismatch, .trainingFailed, .trainedModelIsLossy: false
        }
    }

    /// Whether the file is sound, but of a kind or with rules that this version does not know.
    package var isUnsupported: Bool {
        switch self {
        case .notSupported, .unsupportedComponent, .unsupportedVocabulary: true
        default: false
        }
    }
}
