extension EmbeddedVocabulary {
    /// Far above the longest known token, in bytes, and the longest known list of merges.
    static let maximumTokenLength = 1 << 16
    static let maximumMergeCount = 1 << 24

    /// The vocabulary with a score and a kind for every token, its values checked against each other.
    func checked(file: String) throws(TokenizerError) -> EmbeddedVocabulary {
        do throws(VocabularyDamage) {
            var result = self
            try checkCounts()
            try checkIDs()
            if scores.isEmpty { result.scores = [Float](repeating: 0, count: tokens.count) }
            result.kinds = completeKinds
            let index = try result.checkTokens()
            if model == .byteLevel { try checkMerges(index) }
            return result
        } catch {
            throw .malformedVocabulary(file: file, what: error.what, at: error.key)
        }
    }

    private func checkCounts() throws(VocabularyDamage) {
        guard !tokens.isEmpty else { throw VocabularyDamage("tokens", "there are none") }
        guard tokens.count <= SentencePieceModel.maximumPieceCount else {
            throw VocabularyDamage("tokens", "there are more than \(SentencePieceModel.maximumPieceCount)")
        }
        guard merges.count <= Self.maximumMergeCount else {
            throw VocabularyDamage("merges", "there are more than \(Self.maximumMergeCount)")
        }
        let mayLackScores = model == .byteLevel && scores.isEmpty
        guard scores.count == tokens.count || mayLackScores else {
            throw VocabularyDamage("scores", "there are \(scores.count) for \(tokens.count) tokens")
        }
        guard kinds.count == tokens.count || kinds.isEmpty else {
            throw VocabularyDamage("token_type", "there are \(kinds.count) for \(tokens.count) tokens")
        }
        if let id = scores.firstIndex(where: \.isNaN) {
            throw VocabularyDamage("scores[\(id)]", "it is not a number")
        }
    }

    private func checkIDs() throws(VocabularyDamage) {
        for (key, id) in specialIDs.byKey where !tokens.indices.contains(Int(id)) {
            throw VocabularyDamage(key, "there is no token \(id), only \(tokens.count)")
        }
    }

    /// The kinds, derived as for llama.cpp's first files if there are none. Tokens with a role become control tokens, so
    /// that no text can spell them.
    private var completeKinds: [TokenKind] {
        var result = kinds
        if kinds.isEmpty {
            result = tokens.map { model == .sentencePiece && $0.namedByte != nil ? .byte : .normal }
        }
        let ids = specialIDs
        for case let id? in [ids.bos, ids.eos, ids.eot, ids.eom, ids.pad] where result[Int(id)] == .normal {
            result[Int(id)] = .control
        }
        if model == .sentencePiece, !result.contains(.unknown) {
            // SentencePiece reserves id 0 for it.
            let id = ids.unknown ?? 0
            if result[Int(id)] == .normal || ids.unknown != nil { result[Int(id)] = .unknown }
        }
        return result
    }

    /// - Returns: the tokens by their spellings, unused ones left out.
    private func checkTokens() throws(VocabularyDamage) -> TokenIndex {
        var bytes: [UInt8] = []
        var bounds: [UInt32] = [0]
        bounds.reserveCapacity(tokens.count + 1)
        for (id, token) in tokens.enumerated() {
            let isLeftOut = model == .byteLevel && kinds[id] == .unused
            guard !token.isEmpty || isLeftOut else {
                throw VocabularyDamage("tokens[\(id)]", "it has no text")
            }
            guard token.count <= Self.maximumTokenLength else {
                throw VocabularyDamage("tokens[\(id)]", "it has \(token.count) bytes")
            }
            guard token[...].isUTF8 else { throw VocabularyDamage("tokens[\(id)]", "it is not UTF-8") }
            if kinds[id] == .byte, model == .sentencePiece, token.namedByte == nil {
                throw VocabularyDamage("tokens[\(id)]", "it does not name a byte")
            }
            if !isLeftOut { bytes += token }
            guard let end = UInt32(exactly: bytes.count) else {
                throw VocabularyDamage("tokens", "they are longer than 4 GiB")
            }
            bounds.append(end)
        }
        let index = TokenIndex(bytes: bytes, bounds: bounds)
        if let duplicate = index.duplicate {
            let id = Int(duplicate.id)
            let name = String(decoding: tokens[id], as: UTF8.self)
            throw VocabularyDamage("tokens[\(id)]", "\"\(name)\" is token \(duplicate.earlier) already")
        }
        return index
    }

    private func checkMerges(_ index: TokenIndex) throws(VocabularyDamage) {
        for (rank, merge) in merges.enumerated() {
            guard let (left, right) = merge.mergedPair else {
                throw VocabularyDamage("merges[\(rank)]", "it is not two tokens with a space between")
            }
            for token in [left, right, left + right] where index.id(of: token) == TokenIndex.none {
                let name = String(decoding: token, as: UTF8.self)
                throw VocabularyDamage("merges[\(rank)]", "\"\(name)\" is not a token")
            }
        }
    }
}

/// What is wrong with a vocabulary, and where.
struct VocabularyDamage: Error {
    /// The key, or the element of an array.
    let key: String
    let what: String

    init(_ key: String, _ what: String) {
        (self.key, self.what) = (key, what)
    }
}

extension [UInt8] {
    /// The byte that a spelling such as `<0x0A>` names.
    var namedByte: UInt8? {
        guard count == 6, starts(with: Array("<0x".utf8)), self[5] == UInt8(ascii: ">") else { return nil }
        let isHexadecimal = self[3...4].allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0)
        }
        return isHexadecimal ? UInt8(String(decoding: self[3...4], as: UTF8.self), radix: 16) : nil
    }

    /// The two spellings of a merge, around its one space.
    var mergedPair: (left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)? {
        guard let space = firstIndex(of: UInt8(ascii: " ")), space > 0, space + 1 < count,
            !self[(space + 1)...].contains(UInt8(ascii: " "))
        else { return nil }
        return (self[..<space], self[(space + 1)...])
    }
}
