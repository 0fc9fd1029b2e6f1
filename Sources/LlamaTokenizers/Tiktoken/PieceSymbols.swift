/// The symbols from which merging a word starts: bytes, and whole characters where the result is the same.
///
/// A character may start as one symbol if its bytes would merge into its token undisturbed: no token has some of its bytes
/// together with bytes beside it, so they cannot merge into anything else, and whatever merges with the character has a
/// higher rank than all merges inside it, so it merges later. This holds for most Chinese characters, and saves two of
/// their three merges.
struct PieceSymbols: Sendable {
    /// The ranks of all bytes.
    private let byteRanks: [Int32]
    /// The tokens of characters of two and three bytes, by scalar value; `TokenIndex.none` for one that must start as bytes.
    private var characters = [Int32](repeating: TokenIndex.none, count: 1 << 16)
    /// By the last byte of a character and the first of the next: whether some token has both bytes, but not both whole
    /// characters.
    private var isStraddled = [Bool](repeating: false, count: 1 << 16)

    /// - Parameters:
    ///   - byteRanks: the ranks of all 256 bytes.
    ///   - whole: by rank, whether a token's bytes always merge into it before they merge with others.
    init(_ tokens: TokenTable, _ byteRanks: [Int32], whole: [Bool]) {
        self.byteRanks = byteRanks
        for rank in 0..<Int32(tokens.count) {
            let token = tokens.bytes(of: rank)
            guard token.count > 1, let last = token.lastIndex(where: { !Self.isContinuation($0) }) else {
                continue
            }
            let begin = token.firstIndex { !Self.isContinuation($0) } ?? last
            if begin > token.startIndex { isStraddled[Self.pairIndex(token[begin - 1], token[begin])] = true }
            let isCut = token.endIndex - last < Self.length(after: token[last])
            if isCut, last > token.startIndex {
                isStraddled[Self.pairIndex(token[last - 1], token[last])] = true
            }
            if last == token.startIndex, whole[Int(rank)], let scalar = Self.onlyScalar(of: token) {
                characters[scalar] = rank
            }
        }
    }

    /// The scalar value of a token that is one character of two or three bytes, in the shortest form.
    private static func onlyScalar(of token: ArraySlice<UInt8>) -> Int? {
        guard let first = token.first, (2...3).contains(token.count), length(after: first) == token.count
        else {
            return nil
        }
        let scalar = token.withUnsafeBufferPointer { Self.scalar($0, at: 0, length: token.count) }
        return scalar >= (token.count == 2 ? 0x80 : 0x800) ? scalar : nil
    }

    /// Writes the symbols of a word, which must be well-formed UTF-8, and returns their number.
    ///
    /// - Parameter symbols: at least as many as the word has bytes.
    func write(_ piece: UnsafeBufferPointer<UInt8>, to symbols: UnsafeMutableBufferPointer<Int32>) -> Int {
        var count = 0
        var offset = 0
        while offset < piece.count {
            let length = piece[offset] < 0x80 ? 1 : max(1, Self.length(after: piece[offset]))
            let end = min(offset + length, piece.count)
            if length == 2 || length == 3, end == offset + length {
                let character = character(of: piece, offset..<end)
                if character != TokenIndex.none {
                    symbols[count] = character
                    count += 1
                    offset = end
                    continue
                }
            }
            while offset < end {
                symbols[count] = byteRanks[Int(piece[offset])]
                count += 1
                offset += 1
            }
        }
        return count
    }

    /// The symbol of a character that may start whole, or `TokenIndex.none`.
    @inline(__always)
    private func character(of piece: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int32 {
        if range.lowerBound > 0,
            isStraddled[Self.pairIndex(piece[range.lowerBound - 1], piece[range.lowerBound])]
        {
            return TokenIndex.none
        }
        if range.upperBound < piece.count,
            isStraddled[Self.pairIndex(piece[range.upperBound - 1], piece[range.upperBound])]
        {
            return TokenIndex.none
        }
        return characters[Self.scalar(piece, at: range.lowerBound, length: range.count)]
    }

    /// The scalar value of a character of two or three bytes.
    @inline(__always)
    private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int, length: Int) -> Int {
        let second = Int(bytes[offset + 1] & 0x3F)
        if length == 2 { return Int(bytes[offset] & 0x1F) << 6 | second }
        return Int(bytes[offset] & 0x0F) << 12 | second << 6 | Int(bytes[offset + 2] & 0x3F)
    }

    @inline(__always)
    private static func pairIndex(_ last: UInt8, _ first: UInt8) -> Int { Int(last) << 8 | Int(first) }

    @inline(__always)
    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// The length in bytes of a character with this first byte; 0 for a continuation byte.
    @inline(__always)
    private static func length(after first: UInt8) -> Int {
        switch first {
        case 0..<0x80: 1
        case 0x80..<0xC0: 0
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        default: 4
        }
    }
}
