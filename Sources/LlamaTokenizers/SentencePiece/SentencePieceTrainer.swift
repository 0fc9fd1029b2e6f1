import CSentencePiece

/// Trains SentencePiece models that decode to exactly the text that was encoded: no normalization, no space added in
/// front, no runs of spaces collapsed.
///
/// Ids 0 to 3 are the unknown token, `<s>`, `</s>` and `<pad>`. The same text and kind give the same bytes, with
/// the same build of libsentencepiece.
package struct SentencePieceTrainer: Sendable {
    /// What the pieces of a vocabulary are.
    package enum Kind: Sendable, Hashable {
        /// One piece for each character (Unicode scalar) of the text, so that ids and characters correspond.
        /// Other characters are the unknown token.
        ///
        /// Newline, tab and carriage return, which the trainer would drop or a vocabulary file could not list, and U+2585,
        /// the trainer's mark for unknown characters, are user-defined symbols.
        case char

        /// Byte-pair encoding as Llama 2 trains it: digits are never merged, runs of spaces may merge, and a character
        /// outside the vocabulary is spelled in bytes (`<0x00>` to `<0xFF>`, ids 4 to 259).
        ///
        /// So are newline and tab, as in Llama 2: a byte is one token, as a user-defined symbol would be, and the same
        /// character does not get a second id.
        case bpe(vocabularySize: Int)
    }

    /// The kind of model to train.
    package let kind: Kind

    /// A trainer of models of one kind.
    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// Trains on a text and checks that the model decodes to the same text.
    ///
    /// Takes up to a second for every 4 MB of text, and about six times its size in memory.
    ///
    /// - Parameter text: of any length, in lines of any length.
    /// - Returns: a serialized `ModelProto`, the content of a `tokenizer.model`.
    /// - Throws: `.noTrainingText`, `.untrainableCharacter`, `.vocabularyTooSmall`, `.vocabularyTooLarge`,
    ///   `.trainingFailed`, `.trainedModelIsLossy`.
    package func train(on text: String) throws(TokenizerError) -> [UInt8] {
        var text = text
        // `withUTF8` does not rethrow typed errors.
        return try text.withUTF8 { utf8 in
            Result { () throws(TokenizerError) in try train(on: TrainingText(utf8)) }
        }.get()
    }

    private func train(on text: TrainingText) throws(TokenizerError) -> [UInt8] {
        let recipe = try SentencePieceRecipe(kind: kind, alphabet: try text.alphabet())
        let bytes = try text.train(recipe)
        let tokenizer: SentencePieceTokenizer
        do { tokenizer = try SentencePieceTokenizer(bytes: bytes, file: "the trained model") } catch {
            throw .trainingFailed(reason: error.description)
        }
        guard tokenizer.vocabularySize == recipe.vocabularySize else {
            throw .vocabularyTooLarge(size: recipe.vocabularySize, maximum: tokenizer.vocabularySize)
        }
        try text.checkRoundTrip(tokenizer)
        return bytes
    }
}

extension TrainingText {
    fileprivate func train(_ recipe: SentencePieceRecipe) throws(TokenizerError) -> [UInt8] {
        var stretches = stretches(without: recipe.unlearnt)
        var utf8 = utf8
        // The trainer needs at least one sentence, and learns nothing from a tab.
        let tab: StaticString = "\t"
        if stretches.isEmpty {
            stretches = [CSentencePieceRange(start: 0, length: 1)]
            utf8 = UnsafeBufferPointer(start: tab.utf8Start, count: 1)
        }
        var model: UnsafeMutablePointer<UInt8>?
        var length = 0
        var message = [CChar](repeating: 0, count: 512)
        let status = CSentencePieceTrain(
            recipe.options, utf8.baseAddress, stretches, stretches.count, &model, &length, &message,
            message.count)
        guard status == CSentencePieceOK else {
            let reason = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .trainingFailed(reason: String(decoding: reason, as: UTF8.self))
        }
        defer { CSentencePieceFree(model) }
        return Array(UnsafeBufferPointer(start: model, count: length))
    }

    /// The size of a sample, in bytes.
    private static let sampleLength = 64 << 10
    /// The most bytes to check, which takes seconds; it is far more than the number of distinct characters.
    private static let maximumTried = 8 << 20

    /// Encodes and decodes the whole text up to 8 MiB, or evenly spaced samples of that size of a longer one.
    fileprivate func checkRoundTrip(_ tokenizer: SentencePieceTokenizer) throws(TokenizerError) {
        let samples = (utf8.count + Self.sampleLength - 1) / Self.sampleLength
        let step = max(1, (samples * Self.sampleLength + Self.maximumTried - 1) / Self.maximumTried)
        for sample in stride(from: 0, to: samples, by: step) {
            let start = characterBoundary(at: sample * Self.sampleLength)
            let end = characterBoundary(at: min((sample + 1) * Self.sampleLength, utf8.count))
            let text = UnsafeBufferPointer(rebasing: utf8[start..<end])
            let decoded = tokenizer.decode(
                tokenizer.encode(String(decoding: text, as: UTF8.self), addBOS: false))
            guard decoded.utf8.elementsEqual(text) else { throw .trainedModelIsLossy(offset: start) }
        }
    }
}
