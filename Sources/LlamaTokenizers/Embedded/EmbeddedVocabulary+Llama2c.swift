extension EmbeddedVocabulary {
    /// The tokens that begin and end a sequence in llama2.c.
    private static let begin = (id: 1, exported: Array("\n<s>\n".utf8), spelling: Array("<s>".utf8))
    private static let end = (id: 2, exported: Array("\n</s>\n".utf8), spelling: Array("</s>".utf8))
    /// The token of byte 0; the others follow.
    private static let firstByteID = 3
    private static let firstPieceID = firstByteID + 256

    /// The vocabulary of a file that llama2.c's `tokenizer.py` exported: the longest token's length, then for each
    /// token its score, its length and its bytes, with spaces where SentencePiece has U+2581.
    ///
    /// llama2.c gives byte `b` the token `b + 3`, without looking at the file, and so must the file.
    ///
    /// - Throws: `.malformedVocabulary`.
    init(llama2c bytes: [UInt8], file: String) throws(TokenizerError) {
        do throws(VocabularyDamage) {
            var (tokens, scores) = try Self.exportedTokens(bytes)
            guard tokens.count >= Self.firstPieceID else {
                throw VocabularyDamage(
                    "the tokens", "there are \(tokens.count), too few for a token of every byte")
            }
            for (id, exported, spelling) in [Self.begin, Self.end] {
                guard tokens[id] == exported || tokens[id] == spelling else {
                    throw VocabularyDamage(
                        "token \(id)", "it is not \(String(decoding: spelling, as: UTF8.self))")
                }
                tokens[id] = spelling
            }
            for byte in UInt8.min...UInt8.max {
                let id = Self.firstByteID + Int(byte)
                let name = Array(byte.fallbackName.utf8)
                // The first exports had the character with that scalar value.
                guard tokens[id] == name || tokens[id].elementsEqual(String(Unicode.Scalar(byte)).utf8) else {
                    throw VocabularyDamage("token \(id)", "it is not the token of byte \(byte)")
                }
                tokens[id] = name
            }
            for id in Self.firstPieceID..<tokens.count { tokens[id] = tokens[id].withSpaceMarks }
            let kinds: [TokenKind] =
                [.unknown, .control, .control] + [TokenKind](repeating: .byte, count: 256)
                + [TokenKind](repeating: .normal, count: tokens.count - Self.firstPieceID)
            self.init(
                model: .sentencePiece, tokens: tokens, scores: scores, kinds: kinds,
                specialIDs: SpecialIDs(bos: 1, eos: 2, unknown: 0))
        } catch {
            throw .malformedVocabulary(file: file, what: error.what, at: error.key)
        }
    }

    private static func exportedTokens(
        _ bytes: [UInt8]
    ) throws(VocabularyDamage) -> (tokens: [[UInt8]], scores: [Float]) {
        func word(at offset: Int) throws(VocabularyDamage) -> UInt32 {
            guard offset + 4 <= bytes.count else {
                throw VocabularyDamage("byte \(offset)", "the file is cut off")
            }
            return bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        let longest = Int(try word(at: 0))
        var tokens: [[UInt8]] = []
        var scores: [Float] = []
        var offset = 4
        while offset < bytes.count {
            guard tokens.count < SentencePieceModel.maximumPieceCount else {
                throw VocabularyDamage(
                    "the tokens", "there are more than \(SentencePieceModel.maximumPieceCount)")
            }
            scores.append(Float(bitPattern: try word(at: offset)))
            let length = Int(try word(at: offset + 4))
            guard length <= longest, length <= bytes.count - offset - 8 else {
                throw VocabularyDamage("token \(tokens.count)", "it has \(length) bytes")
            }
            tokens.append(Array(bytes[(offset + 8)..<(offset + 8 + length)]))
            offset += 8 + length
        }
        return (tokens, scores)
    }

    /// The vocabulary as llama2.c's `tokenizer.py` exports it.
    ///
    /// - Parameter file: what errors call the vocabulary.
    /// - Throws: `.malformedVocabulary`, and `.unsupportedVocabulary` for one that llama2.c would misread: it assumes Llama 2's
    ///   ids for the reserved tokens and the bytes.
    package func llama2cFile(file: String) throws(TokenizerError) -> [UInt8] {
        let vocabulary = try checked(file: file)
        if let found = vocabulary.obstacleForLlama2c {
            throw .unsupportedVocabulary(
                file: file, expected: "a vocabulary that llama2.c can hold", found: found)
        }
        let exported = vocabulary.tokens.enumerated().map { id, token in
            switch id {
            case Self.begin.id: Self.begin.exported
            case Self.end.id: Self.end.exported
            default: token.withSpaces
            }
        }
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt32(exported.map(\.count).max() ?? 0))
        for (token, score) in zip(exported, vocabulary.scores) {
            bytes.append(littleEndian: score.bitPattern)
            bytes.append(littleEndian: UInt32(token.count))
            bytes += token
        }
        return bytes
    }

    private var obstacleForLlama2c: String? {
        guard model == .sentencePiece else { return "one of byte-level merges" }
        guard additions.spacePrefix else { return "one without a space before the text" }
        guard tokens.count >= Self.firstPieceID, specialIDs.bos == 1, specialIDs.eos == 2,
            kinds[0] == .unknown
        else {
            return "reserved tokens with ids other than 0, 1 and 2"
        }
        for byte in UInt8.min...UInt8.max {
            guard tokens[Self.firstByteID + Int(byte)].namedByte == byte else {
                return "byte \(byte) with an id other than \(Self.firstByteID + Int(byte))"
            }
        }
        if let id = kinds[Self.firstPieceID...].firstIndex(where: { $0 != .normal }) {
            return "\"\(String(decoding: tokens[id], as: UTF8.self))\", which is not a piece of text"
        }
        return nil
    }
}

extension [UInt8] {
    private static let spaceMark = Array("\u{2581}".utf8)

    /// With spaces replaced by U+2581.
    fileprivate var withSpaceMarks: [UInt8] {
        flatMap { $0 == UInt8(ascii: " ") ? Self.spaceMark : [$0] }
    }

    /// With U+2581 replaced by spaces.
    fileprivate var withSpaces: [UInt8] {
        var result = self
        TextNormalizer.replace(.text(Self.spaceMark), [UInt8(ascii: " ")]).apply(to: &result)
        return result
    }
}
