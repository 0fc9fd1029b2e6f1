/// The options of libsentencepiece's trainer for a text, and the expected result.
struct SentencePieceRecipe {
    /// The number of pieces that the model must have.
    let vocabularySize: Int

    /// Characters that the trainer does not see: user-defined symbols, or spelled in bytes.
    let unlearnt: Set<Unicode.Scalar>

    /// The trainer's flags, as `CSentencePieceTrain` takes them.
    let options: String

    /// `<unk>`, `<s>`, `</s>`, `<pad>`.
    static let reservedCount = 4
    private static let byteCount = 256

    /// Llama 2's: the rarest characters, 50 in a million, are spelled in bytes.
    private static let bpeCoverage: Float = 0.99995

    /// Characters that the trainer uses itself: a tab separates symbols that must not merge, and U+2585 marks an unknown
    /// character and makes it skip the whole sentence.
    private static let trainerMarks: Set<Unicode.Scalar> = ["\t", "\u{2585}"]

    private static let common = [
        "unk_id=0", "bos_id=1", "eos_id=2", "pad_id=3", "normalization_rule_name=identity",
        "add_dummy_prefix=false", "remove_extra_whitespaces=false",
        // Longer sentences are skipped.
        "max_sentence_length=\(TrainingText.maximumStretch)",
        // Only loading the text uses threads, and the number is written to the model.
        "num_threads=1",
        // Reports the possible size instead of refusing.
        "hard_vocab_limit=false",
    ]

    init(kind: SentencePieceTrainer.Kind, alphabet: Alphabet) throws(TokenizerError) {
        switch kind {
        case .char: self = .char(alphabet)
        case .bpe(let size): self = try .bpe(vocabularySize: size, alphabet)
        }
    }

    private init(vocabularySize: Int, unlearnt: Set<Unicode.Scalar>, options: [String]) {
        self.vocabularySize = vocabularySize
        self.unlearnt = unlearnt
        self.options = (Self.common + ["vocab_size=\(vocabularySize)"] + options).joined(separator: " ")
    }

    private static func char(_ alphabet: Alphabet) -> SentencePieceRecipe {
        let symbols = trainerMarks.union(["\n", "\r"]).filter { alphabet.counts[$0] != nil }
        var options = ["model_type=char", "character_coverage=1", "use_all_vocab=true"]
        if !symbols.isEmpty {
            options.append("user_defined_symbols=" + symbols.sorted().map(String.init).joined(separator: ","))
        }
        return SentencePieceRecipe(
            vocabularySize: reservedCount + alphabet.counts.count, unlearnt: symbols, options: options)
    }

    private static func bpe(
        vocabularySize: Int, _ alphabet: Alphabet
    ) throws(TokenizerError) -> SentencePieceRecipe {
        let unlearnt = trainerMarks.union(["\n"])
        let covered = alphabet.coveredCount(without: unlearnt, coverage: bpeCoverage)
        let minimum = reservedCount + byteCount + covered
        guard vocabularySize >= minimum else {
            throw .vocabularyTooSmall(size: vocabularySize, minimum: minimum)
        }
        guard vocabularySize <= SentencePieceModel.maximumPieceCount else {
            throw .vocabularyTooLarge(size: vocabularySize, maximum: SentencePieceModel.maximumPieceCount)
        }
        return SentencePieceRecipe(
            vocabularySize: vocabularySize, unlearnt: unlearnt,
            options: [
                "model_type=bpe", "character_coverage=\(bpeCoverage)", "byte_fallback=true",
                "split_digits=true", "allow_whitespace_only_pieces=true",
            ])
    }
}
