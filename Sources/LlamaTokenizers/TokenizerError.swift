import LlamaCheckpoints

/// Why a tokenizer could not be loaded or trained; `description` is the message for the user.
package enum TokenizerError: Error, Sendable, Equatable {
    /// There is no such file.
    case notFound(file: String)

    /// The folder, or the folder of the checkpoint's file, has no tokenizer in it.
    case noTokenizer(path: String)

    /// The path leads to a directory.
    case isDirectory(file: String)

    /// The system cannot read the file; `reason` is its message.
    case unreadable(file: String, reason: String)

    /// The file has more bytes than any known tokenizer.
    case tooLarge(file: String, limit: Int)

    /// The file is not a tokenizer but something of this kind.
    case notATokenizer(file: String, kind: TokenizerKind)

    /// A SentencePiece model whose bytes are damaged: `what` is wrong at byte `offset` of the file.
    case malformed(file: String, what: String, offset: Int)

    /// A tiktoken vocabulary that is damaged: `what` is wrong in line `line`, counted from 1.
    case malformedRanks(file: String, what: String, line: Int)

    /// A `tokenizer.json`, or a file beside it, that is malformed or contradicts itself at the key path `path`.
    case invalidJSON(file: String, path: String?, expected: String, found: String)

    /// A `tokenizer.json` with a rule that is not implemented: `found` names it, `path` is its key path.
    case unsupportedComponent(file: String, found: String, path: String)

    /// A SentencePiece model that libsentencepiece refuses, with its reason.
    case rejected(file: String, reason: String)

    /// A GGUF file that cannot be read, or has a value of the wrong type.
    case invalidGGUF(CheckpointError)

    /// A GGUF file without a vocabulary.
    case noVocabulary(file: String)

    /// A vocabulary in a checkpoint, or exported for llama2.c, that is damaged: `what` is wrong with the value `at` a key
    /// or position.
    case malformedVocabulary(file: String, what: String, at: String)

    /// A vocabulary with rules that are not implemented, or that a format cannot express.
    case unsupportedVocabulary(file: String, expected: String, found: String)

    /// The tokenizer belongs to another model than `model`: it has `count` ids where `expected` are wanted, or at
    /// most that many.
    case vocabularyMismatch(file: String, count: Int, model: String, expected: Int, allowsFewer: Bool)

    /// There is no text to train on.
    case noTrainingText

    /// The text to train on has a character at byte `offset` that no SentencePiece model can decode to: U+2581, which
    /// it uses for a space, or U+0000, which ends a piece.
    case untrainableCharacter(Unicode.Scalar, offset: Int)

    /// A vocabulary of `size` cannot hold the reserved tokens and the characters of the text: `minimum` pieces.
    case vocabularyTooSmall(size: Int, minimum: Int)

    /// The text yields no more than `maximum` pieces.
    case vocabularyTooLarge(size: Int, maximum: Int)

    /// libsentencepiece refuses to train, with its reason.
    case trainingFailed(reason: String)

    /// The trained model does not decode to the same text in the 64 KiB from byte `offset` on.
    case trainedModelIsLossy(offset: Int)

    /// Whether the input is missing or cannot be read (`EX_NOINPUT`, 66), rather than read and found bad
    /// (`EX_DATAERR`, 65).
    package var isMissingInput: Bool {
        switch self {
        case .notFound, .noTokenizer, .isDirectory, .unreadable: true
        case .invalidGGUF(let error): error.isMissingInput
        case .tooLarge, .notATokenizer, .malformed, .malformedRanks, .rejected, .invalidJSON: false
        case .unsupportedComponent, .noVocabulary, .malformedVocabulary, .unsupportedVocabulary: false
        case .noTrainingText, .untrainableCharacter, .vocabularyTooSmall, .vocabularyTooLarge: false
        case .vocabularyMismatch, .trainingFailed, .trainedModelIsLossy: false
        }
    }

    /// Whether the file is intact, but its rules are not implemented.
    package var isUnsupported: Bool {
        switch self {
        case .unsupportedComponent, .unsupportedVocabulary: true
        case .invalidGGUF(let error): error.isUnsupported
        default: false
        }
    }
}

extension CheckpointError {
    /// Whether the file is well-formed, but holds something that is not supported.
    fileprivate var isUnsupported: Bool {
        if case .unsupported = reason { true } else { false }
    }
}
