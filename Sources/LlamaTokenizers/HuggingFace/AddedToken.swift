import LlamaJSON

/// A token of `added_tokens`: found in a text by its spelling, before anything else is done to the text.
struct AddedToken: Sendable {
    /// The longest spelling, in bytes: it may be compared with the text at every position.
    static let maximumLength = 1 << 10

    let id: Int32
    let content: [UInt8]
    /// Whether it is found only where no word character is next to it.
    let isSingleWord: Bool
    /// Whether it includes the white space before it.
    let stripsLeft: Bool
    /// Whether it includes the white space after it.
    let stripsRight: Bool
    /// Whether it is found in the normalized text, with its own spelling normalized too.
    let isNormalized: Bool
    /// Whether it is a control token, which has no text.
    let isSpecial: Bool

    /// Its spelling in the text that is searched, and in decoded text.
    func spelling(_ normalizers: [TextNormalizer]) -> [UInt8] {
        var spelling = content
        if isNormalized { for normalizer in normalizers { normalizer.apply(to: &spelling) } }
        return spelling
    }

    /// A token that is found wherever the text spells it.
    init(id: Int32, content: [UInt8], isSpecial: Bool) {
        (self.id, self.content, self.isSpecial) = (id, content, isSpecial)
        (isSingleWord, stripsLeft, stripsRight, isNormalized) = (false, false, false, false)
    }

    /// An element of `added_tokens`.
    init(_ value: JSONValue) throws(ComponentError) {
        (id, content, isSingleWord, stripsLeft, stripsRight, isNormalized, isSpecial) = try Component.checked
        {
            () throws(JSONError) in
            let id = try value.member("id")
            guard let number = Int32(exactly: try id.int()), (0..<TokenizerJSON.maximumID).contains(number)
            else {
                throw .wrongType(
                    path: id.path, expected: "an id from 0 to \(TokenizerJSON.maximumID - 1)",
                    found: id.excerpt)
            }
            let isSpecial = try value["special"]?.bool() ?? false
            let content = try value.member("content")
            let bytes = try content.utf8()
            guard bytes.count <= AddedToken.maximumLength else {
                throw .wrongType(
                    path: content.path, expected: "at most \(AddedToken.maximumLength) bytes",
                    found: "\(bytes.count)")
            }
            return (
                number, bytes, try value["single_word"]?.bool() ?? false,
                try value["lstrip"]?.bool() ?? false, try value["rstrip"]?.bool() ?? false,
                try value["normalized"]?.bool() ?? !isSpecial, isSpecial
            )
        }
    }
}

/// Finds added tokens in a text (`AddedVocabulary::find_matches`).
struct AddedTokenMatcher: Sendable {
    /// A segment of a text: an added token, or the text between two.
    struct Segment {
        let range: Range<Int>
        /// Nil for text.
        let id: Int32?
    }

    private var trie = TokenTrie()
    private var tokens: [Int32: AddedToken] = [:]

    /// - Parameter tokens: the tokens and how each is spelled in the texts that are searched.
    init(_ tokens: [(AddedToken, spelling: [UInt8])]) {
        for (token, spelling) in tokens where !spelling.isEmpty {
            trie.insert(spelling, id: token.id)
            self.tokens[token.id] = token
        }
    }

    /// The segments of a text, none of them empty. Of tokens that begin at one offset the longest is found; if `specials`
    /// does not allow it, it is text, and so are shorter ones within it.
    func segments(
        of text: UnsafeBufferPointer<UInt8>, allowing specials: SpecialTokens
    ) -> [Segment] {
        guard !text.isEmpty else { return [] }
        guard !trie.isEmpty else { return [Segment(range: 0..<text.count, id: nil)] }
        var segments: [Segment] = []
        var start = 0
        var offset = 0
        var space = 0..<0
        while offset < text.count {
            guard let (id, end) = trie.longest(in: text, at: offset) else {
                offset += 1
                continue
            }
            defer { offset = end }
            guard let token = tokens[id], specials.allows(token), fits(token, offset..<end, in: text) else {
                continue
            }
            let first = token.stripsLeft ? text.startOfSpace(before: offset, notBefore: start) : offset
            // A run of white space that tokens share is scanned once.
            if token.stripsRight, !space.contains(end) { space = end..<text.endOfSpace(from: end) }
            let last = token.stripsRight ? max(end, space.upperBound) : end
            if first > start { segments.append(Segment(range: start..<first, id: nil)) }
            if last > first { segments.append(Segment(range: first..<last, id: id)) }
            // White space that the token before includes may be a token too; what follows it is text again.
            start = last
        }
        if start < text.count { segments.append(Segment(range: start..<text.count, id: nil)) }
        return segments
    }

    private func fits(_ token: AddedToken, _ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard token.isSingleWord else { return true }
        func isWord(_ offset: Int) -> Bool {
            ScalarSet.wordOfAddedTokens.contains(UTF8Scalar.decode(text, at: offset).scalar)
        }
        let wordBefore = range.lowerBound > 0 && isWord(UTF8Scalar.start(text, before: range.lowerBound))
        return !wordBefore && !(range.upperBound < text.count && isWord(range.upperBound))
    }
}

extension SpecialTokens {
    /// Whether a spelled-out token becomes that token.
    fileprivate func allows(_ token: AddedToken) -> Bool {
        guard token.isSpecial else { return true }
        switch self {
        case .none: return false
        case .all: return true
        // By bytes: canonically equivalent strings are equal.
        case .only(let spellings): return spellings.contains { Array($0.utf8) == token.content }
        }
    }
}
