extension EmbeddedVocabulary {
    /// The vocabulary of Llama 3's `tokenizer.model`: the ranks in the spelling of byte-level vocabularies, the special tokens
    /// with the names of `names`, and for each token the one merge that leads to it, by rank.
    ///
    /// - Throws: `.malformedRanks`.
    init(
        tiktoken bytes: [UInt8], file: String, names: TiktokenTokenizer.SpecialNames = .llama31
    ) throws(TokenizerError) {
        let tokenizer = try TiktokenTokenizer(bytes: bytes, file: file, names: names)
        let ranks = tokenizer.ranks
        var tokens: [[UInt8]] = []
        var merges: [[UInt8]] = []
        for rank in 0..<Int32(ranks.count) {
            let token = tokenizer.bytes(of: rank)
            tokens.append(ByteAlphabet.spelling(of: token))
            if let middle = ranks.middle(of: token, rank: rank) {
                let (left, right) = (token[..<middle], token[middle...])
                merges.append(
                    ByteAlphabet.spelling(of: left) + [UInt8(ascii: " ")] + ByteAlphabet.spelling(of: right))
            }
        }
        let specials = names.spellings
        tokens += specials.map { Array($0.utf8) }
        self.init(
            model: .byteLevel, preTokenizer: PreTokenizer.llama3.name, tokens: tokens,
            kinds: [TokenKind](repeating: .normal, count: ranks.count)
                + [TokenKind](repeating: .control, count: specials.count),
            merges: merges,
            specialIDs: SpecialIDs(
                bos: tokenizer.bosID, eos: tokenizer.eosID, eot: tokenizer.specialTokenID("<|eot_id|>"),
                eom: tokenizer.specialTokenID("<|eom_id|>"), pad: tokenizer.padID),
            additions: Additions(spacePrefix: false))
    }

    /// Llama 3's `tokenizer.model` with the same ids.
    ///
    /// The format has neither merges nor the special tokens' names, so it can only express a vocabulary whose tokens are in
    /// the order of its merges, with Llama 3's rules and the names of Llama 3 or 3.1.
    ///
    /// - Parameter file: what errors call the vocabulary.
    /// - Throws: `.malformedVocabulary`, and `.unsupportedVocabulary` for one that the format cannot express.
    package func tiktokenFile(file: String) throws(TokenizerError) -> [UInt8] {
        let vocabulary = try checked(file: file)
        do throws(Obstacle) { return try vocabulary.rankLines() } catch {
            throw .unsupportedVocabulary(
                file: file, expected: "a vocabulary that Llama 3's tokenizer.model can hold",
                found: error.found)
        }
    }

    private struct Obstacle: Error {
        let found: String
    }

    private func rankLines() throws(Obstacle) -> [UInt8] {
        guard model == .byteLevel else { throw Obstacle(found: "one of SentencePiece") }
        guard PreTokenizer(name: preTokenizer) == .llama3 else {
            throw Obstacle(found: "the pre-tokenizer \"\(preTokenizer)\"")
        }
        let count = tokens.count - TiktokenTokenizer.specialTokenCount
        guard count > 0 else { throw Obstacle(found: "\(tokens.count) tokens") }
        let specials = tokens[count...].map { String(decoding: $0, as: UTF8.self) }
        guard kinds[count...].allSatisfy({ $0 == .control }),
            TiktokenTokenizer.SpecialNames.allCases.contains(where: { $0.spellings == specials })
        else { throw Obstacle(found: "special tokens with names other than Llama 3's") }
        var table = TokenTable()
        for id in 0..<count {
            var token: [UInt8] = []
            let isSpelled = tokens[id].withUnsafeBufferPointer {
                ByteAlphabet.bytes(spelledBy: $0, into: &token)
            }
            guard kinds[id] == .normal, isSpelled else {
                throw Obstacle(found: "\"\(String(decoding: tokens[id], as: UTF8.self))\" as token \(id)")
            }
            table.append(token, kind: .normal)
        }
        try checkOrder(of: table)
        var lines: [UInt8] = []
        for id in 0..<Int32(count) { lines += table.bytes(of: id).base64 + Array(" \(id)\n".utf8) }
        return lines
    }

    /// Merging by rank equals merging by these merges if they are in the order of the tokens that they lead to, and none that
    /// merging by rank uses is missing.
    private func checkOrder(of table: TokenTable) throws(Obstacle) {
        let ranks: RankTable
        do { ranks = try RankTable(table) } catch { throw Obstacle(found: error.what) }
        let known = Set(merges)
        var last: Int32 = -1
        for merge in merges {
            guard let (left, right) = merge.mergedPair else { continue }
            var token: [UInt8] = []
            let isSpelled = Array(left + right).withUnsafeBufferPointer {
                ByteAlphabet.bytes(spelledBy: $0, into: &token)
            }
            let rank = isSpelled ? ranks.index.id(of: token) : TokenIndex.none
            guard rank >= last else { throw Obstacle(found: "merges in another order than the tokens") }
            last = rank
        }
        for rank in 0..<Int32(table.count) {
            let token = Array(table.bytes(of: rank))
            guard let middle = ranks.middle(of: token, rank: rank) else { continue }
            let merge =
                ByteAlphabet.spelling(of: token[..<middle]) + [UInt8(ascii: " ")]
                + ByteAlphabet.spelling(of: token[middle...])
            guard known.contains(merge) else {
                throw Obstacle(found: "no merge \"\(String(decoding: merge, as: UTF8.self))\"")
            }
        }
    }
}

extension RankTable {
    /// The boundary between the two tokens that merge into a token; nil if its bytes do not lead to it, and for a byte.
    fileprivate func middle(of token: [UInt8], rank: Int32) -> Int? {
        token.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress, bytes.count > 1 else { return nil }
            return merges.withLookup { merges in
                (1..<bytes.count).first { middle in
                    let left = index.id(of: start, count: middle)
                    let right = index.id(of: start + middle, count: bytes.count - middle)
                    return left >= 0 && right >= 0 && merges.merge(left, right).merged == rank
                }
            }
        }
    }
}

extension ArraySlice<UInt8> {
    /// Base64 with padding (RFC 4648).
    fileprivate var base64: [UInt8] {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        for start in stride(from: startIndex, to: endIndex, by: 3) {
            let group = self[start..<Swift.min(start + 3, endIndex)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                let digit = digits[Int(bits >> UInt32(18 - 6 * index) & 63)]
                result.append(index <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return result
    }
}
