extension TokenizerError: CustomStringConvertible {
    /// One line that names the file, what was expected, what was found, and what to do.
    public var description: String {
        let (file, sentence) = fileAndSentence
        return Self.oneLine("\(file): \(sentence)")
    }

    private var fileAndSentence: (file: String, sentence: String) {
        switch self {
        case .notFound(let file):
            (file, "expected a tokenizer file, found nothing; check the path")
        case .isDirectory(let file):
            (file, "expected a tokenizer file, found a directory; name the tokenizer.model in it")
        case .unreadable(let file, let reason):
            (file, "expected a readable tokenizer file: \(reason)")
        case .tooLarge(let file, let limit):
            (file, "expected a tokenizer file, found more than \(limit >> 20) MiB; check the path")
        case .notSupported(let file, let kind):
            (
                file,
                "expected a SentencePiece model, found \(kind), which is not supported yet; \(kind.advice)"
            )
        case .notATokenizer(let file, let kind):
            (file, "expected a SentencePiece model, found \(kind); \(kind.advice)")
        case .malformed(let file, let what, let offset):
            (
                file,
                "expected a SentencePiece model, found a damaged one (at byte \(offset): \(what)); "
                    + "download it again"
            )
        case .rejected(let file, let reason):
            (
                file,
                "expected a SentencePiece model, found one that libsentencepiece refuses (\(reason)); "
                    + "use another"
            )
        }
    }

    /// Control characters, which a path or the library's reason may have, must not break the line.
    private static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            let isBreak = scalar == "\u{2028}" || scalar == "\u{2029}"
            let isControl = scalar.properties.generalCategory == .control
            line.unicodeScalars.append(isBreak || isControl ? " " : scalar)
        }
        return line
    }
}

extension TokenizerKind {
    /// What to do with a file of this kind.
    fileprivate var advice: String {
        switch self {
        case .sentencePiece: "use it as it is"
        case .tiktoken, .huggingFaceJSON, .llama2cBin:
            "use the tokenizer.model of a Llama 1 or 2 checkpoint, or of the model it was made from"
        case .otherJSON: "use the tokenizer.model next to it"
        case .html: "download the file itself, not the page about it"
        case .gitLFSPointer: "fetch the file it stands for with `git lfs pull`"
        case .empty: "download it again"
        case .unknown: "check the path"
        }
    }
}
