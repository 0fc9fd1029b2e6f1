/// Finds the spellings of control tokens in a text, byte for byte.
///
/// By bytes, because canonically equivalent spellings are equal as `String`.
struct ControlTokenMatcher: Sendable {
    /// A control token found in a text.
    struct Match {
        /// Its bytes in the text.
        let range: Range<Int>
        let id: Int32
    }

    private struct Token: Sendable {
        let spelling: [UInt8]
        let id: Int32
    }

    /// The longest spellings first.
    private let tokens: [Token]

    init(_ spellings: some Sequence<(id: Int32, spelling: [UInt8])>) {
        tokens = spellings.map { Token(spelling: $0.spelling, id: $0.id) }
            .sorted { $0.spelling.count > $1.spelling.count }
    }

    init(_ model: SentencePieceModel) {
        self.init(
            model.pieces.enumerated().lazy.filter { $0.element.kind == .control }
                .map { (Int32($0.offset), Array($0.element.text)) })
    }

    /// The matches from left to right, none overlapping; where several begin, the longest.
    func matches(in text: UnsafeBufferPointer<UInt8>, allowing specials: SpecialTokens) -> [Match] {
        let allowed = allowed(by: specials)
        if allowed.isEmpty { return [] }
        // By first byte, so that most positions of a text need one lookup.
        var candidates: [[Token]] = Array(repeating: [], count: 256)
        for token in allowed {
            if let first = token.spelling.first { candidates[Int(first)].append(token) }
        }
        var matches: [Match] = []
        var offset = 0
        while offset < text.count {
            let token = candidates[Int(text[offset])].first { text[offset...].starts(with: $0.spelling) }
            if let token {
                let end = offset + token.spelling.count
                matches.append(Match(range: offset..<end, id: token.id))
                offset = end
            } else {
                offset += 1
            }
        }
        return matches
    }

    private func allowed(by specials: SpecialTokens) -> [Token] {
        switch specials {
        case .none: return []
        case .all: return tokens
        case .only(let spellings):
            let wanted = Set(spellings.map { Array($0.utf8) })
            return tokens.filter { wanted.contains($0.spelling) }
        }
    }
}
