import LlamaJSON
import LlamaCheckpoints

extension TokenizerError: CustomStringConvertible {
    /// One line that names the file, what was expected, what was found, and what to do.
    package var description: String {
        // It names the file itself.
        if case .invalidGGUF(let error) = self { return error.description }
        let (file, sentence) = fileAndSentence
        return "\(file): \(sentence)".oneLine(limit: 4096)
    }

    private var fileAndSentence: (file: String, sentence: String) {
        switch self {
        case .notFound(let file):
            (file, "expected a tokenizer file, found nothing; check the path")
        case .noTokenizer(let path):
            (path, "expected \(TokenizerPath.names.joined(separator: " or ")) there, found neither")
        case .isDirectory(let file):
            (file, "expected a tokenizer file, found a directory; name the tokenizer.model in it")
        case .unreadable(let file, let reason):
            (file, "expected a readable tokenizer file: \(reason)")
        case .tooLarge(let file, let limit):
            (file, "expected a tokenizer file, found more than \(limit >> 20) MiB; check the path")
        case .notATokenizer(let file, let kind):
            (file, "expected \(Self.wanted), found \(kind); \(kind.advice)")
        case .malformed(let file, let what, let offset):
            (
                file,
                "expected a SentencePiece model, found a damaged one (at byte \(offset): \(what)); "
                    + "download it again"
            )
        case .malformedRanks(let file, let what, let line):
            (
                file,
                "expected a tiktoken vocabulary, found a damaged one (in line \(line): \(what)); "
                    + "download it again"
            )
        case .invalidJSON(let file, let path, let expected, let found):
            (
                path.map { "\(file): \($0)" } ?? file,
                "expected \(expected), found \(found); correct the file or download it again"
            )
        case .unsupportedComponent(let file, let found, let path):
            (
                "\(file): \(path)",
                "expected rules of a Llama tokenizer, found \(found), which is not supported; "
                    + "use the model's tokenizer.model if it has one"
            )
        case .rejected(let file, let reason):
            (
                file,
                "expected a SentencePiece model, found one that libsentencepiece refuses (\(reason)); "
                    + "use another"
            )
        case .invalidGGUF(let error): (error.file, error.description)
        case .noVocabulary(let file):
            (file, "expected a vocabulary in the file, found none; name another tokenizer")
        case .malformedVocabulary(let file, let what, let key):
            (file, "expected a vocabulary, found a damaged one (\(key): \(what)); download it again")
        case .unsupportedVocabulary(let file, let expected, let found):
            (file, "expected \(expected), found \(found), which is not supported")
        case .vocabularyMismatch(let file, let count, let model, let expected, let allowsFewer):
            (
                file,
                "expected a vocabulary of \(allowsFewer ? "at most " : "")\(expected), as \(model) has, "
                    + "found \(count); "
                    + "use the tokenizer that came with the checkpoint"
            )
        case .noTrainingText, .untrainableCharacter, .vocabularyTooSmall, .vocabularyTooLarge,
            .trainingFailed, .trainedModelIsLossy:
            ("tokenizer training", trainingSentence)
        }
    }

    private static let wanted =
        "a SentencePiece model, a tiktoken vocabulary, a tokenizer.json or a GGUF file"

    private var trainingSentence: String {
        switch self {
        case .noTrainingText:
            "expected a text, found none; provide a text to train on"
        case .untrainableCharacter(let character, let offset):
            "expected text that SentencePiece can decode to, found \(Self.codePoint(character)) at byte \(offset); "
                + "remove or replace it"
        case .vocabularyTooSmall(let size, let minimum):
            "expected a vocabulary of at least \(minimum) pieces for the characters of this text, found \(size); "
                + "ask for more"
        case .vocabularyTooLarge(let size, let maximum):
            "expected a vocabulary of at most \(maximum) pieces for this text, found \(size); "
                + "ask for fewer or provide more text"
        case .trainingFailed(let reason):
            "expected a trained model, found that libsentencepiece cannot train one (\(reason)); try another text"
        case .trainedModelIsLossy(let offset):
            "expected a model that decodes to the same text, found a difference after byte \(offset); "
                + "try another vocabulary size"
        default: ""
        }
    }

    private static func codePoint(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension TokenizerKind {
    /// What to do with a file of this kind.
    fileprivate var advice: String {
        switch self {
        case .sentencePiece, .tiktoken, .huggingFaceJSON, .gguf: "use it as it is"
        case .llama2cBin: "use the tokenizer.model that it was made from"
        case .otherJSON: "use the tokenizer.model or tokenizer.json next to it"
        case .html: "download the file itself, not the page about it"
        case .gitLFSPointer: "fetch the file itself with `git lfs pull`"
        case .empty: "download it again"
        case .unknown: "check the path"
        }
    }
}
