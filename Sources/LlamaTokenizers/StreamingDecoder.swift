/// Turns ids into text as they arrive.
///
/// What has been put out never has to be taken back: bytes that may yet become a character are held until
/// they have. All that `append(_:)` and `finish()` return, put together, is `Tokenizer.decode(_:)` of the ids.
///
/// A decoder made with a prompt puts out what follows the prompt's text. If the prompt ends within a
/// character, the bytes of its last token so far belong to what follows.
package struct StreamingDecoder: Sendable {
    /// What happens to the space that marks the first word.
    enum LeadingSpace: Sendable, Equatable {
        /// It stays.
        case keep

        /// The first token loses it.
        case dropOne

        /// Every token loses it until there is text.
        case dropAll

        /// The first token loses all of its spaces.
        case dropMarks

        /// The text loses this character, in UTF-8, up to `count` times.
        case dropText([UInt8], count: Int)
    }

    private let table: TokenTable
    private let leadingSpace: LeadingSpace
    private let skipsControl: Bool
    private var byteRun: ByteRun
    private var hasText = false
    private var hasDroppedSpace = false
    private var leftToDrop: Int

    /// - Parameters:
    ///   - replacement: `.maximalSubpart` where any token may be less than whole characters, as in a byte-level
    ///     vocabulary; the others where only byte tokens are.
    ///   - skipsControl: whether a token without text is as if it were not there, rather than the end of a
    ///     character that is not complete.
    init(
        table: TokenTable, leadingSpace: LeadingSpace, replacement: ByteRun.Replacement,
        skipsControl: Bool = false, prompt: [Int32]
    ) {
        self.table = table
        self.leadingSpace = leadingSpace
        self.skipsControl = skipsControl
        byteRun = ByteRun(replacement)
        if case .dropText(_, let count) = leadingSpace { leftToDrop = count } else { leftToDrop = 0 }
        for id in prompt { _ = append(id) }
    }

    /// Takes the next id and returns the text that is certain by now, possibly none.
    ///
    /// An id outside the vocabulary is passed over, as in `Tokenizer.decode(_:)`.
    package mutating func append(_ id: Int32) -> String {
        guard let kind = table.kind(of: id) else { return "" }
        if skipsControl, kind == .control || kind == .unknown && table.bytes(of: id).isEmpty { return "" }
        let isBytes = kind == .byte || kind != .control && byteRun.replacement == .maximalSubpart
        if isBytes { return put(byteRun.append(table.bytes(of: id))) }
        let held = finish()
        return held + put(String(decoding: bytesInPlace(of: id), as: UTF8.self))
    }

    /// Returns what was held back: U+FFFD for a character that was never completed.
    ///
    /// The decoder may be used further: the ids that follow continue the same text.
    package mutating func finish() -> String {
        put(byteRun.finish())
    }

    /// Puts out text, less what the start of the text drops.
    private mutating func put(_ text: String) -> String {
        if text.isEmpty { return text }
        hasText = true
        guard leftToDrop > 0, case .dropText(let character, _) = leadingSpace else { return text }
        var rest = Substring(text).utf8
        while leftToDrop > 0, !rest.isEmpty {
            guard rest.starts(with: character) else {
                leftToDrop = 0
                break
            }
            rest = rest.dropFirst(character.count)
            leftToDrop -= 1
        }
        return String(Substring(rest))
    }

    /// The token's bytes, less the space that the start of the text drops.
    private mutating func bytesInPlace(of id: Int32) -> ArraySlice<UInt8> {
        let bytes = table.bytes(of: id)
        switch leadingSpace {
        case .keep, .dropText: return bytes
        case .dropOne, .dropAll:
            guard !hasText, !hasDroppedSpace, table.marksLeadingSpace(id) else { return bytes }
            if leadingSpace == .dropOne { hasDroppedSpace = true }
            return bytes.dropFirst()
        case .dropMarks:
            // Whatever the first token is, the next one is not the first.
            defer { hasDroppedSpace = true }
            guard !hasDroppedSpace, !hasText, table.marksLeadingSpace(id) else { return bytes }
            return bytes.filter { $0 != UInt8(ascii: " ") }[...]
        }
    }
}
