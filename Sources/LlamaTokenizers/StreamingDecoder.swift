/// Turns ids into text as they arrive.
///
/// Text that was returned is final: bytes that may still become a character are held back until they do. The concatenation
/// of all that `append(_:)` and `finish()` return is `Tokenizer.decode(_:)` of the ids.
///
/// A decoder made with a prompt returns the text after the prompt's. If the prompt ends within a character, its bytes so
/// far belong to that text.
package struct StreamingDecoder: Sendable {
    /// How the space that marks the first word is treated.
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
    ///   - replacement: `.maximalSubpart` if any token may be incomplete UTF-8, as in a byte-level vocabulary; the others if
    ///     only byte tokens are.
    ///   - skipsControl: whether a token without text is ignored, rather than ending an incomplete character.
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
        _ = takeCharacters()
    }

    /// Appends the next id and returns the text that is certain by now, possibly none.
    ///
    /// An id outside the vocabulary is ignored, as in `Tokenizer.decode(_:)`.
    package mutating func append(_ id: Int32) -> String {
        guard let kind = table.kind(of: id) else { return "" }
        if skipsControl, kind == .control || kind == .unknown && table.bytes(of: id).isEmpty { return "" }
        let isBytes = kind == .byte || kind != .control && byteRun.replacement == .maximalSubpart
        if isBytes { return put(byteRun.append(table.bytes(of: id))) }
        let held = finish()
        return held + put(String(decoding: bytesInPlace(of: id), as: UTF8.self))
    }

    /// Returns the complete characters that were held back because more bytes could show that they are none.
    ///
    /// Those of a prompt belong to it, whatever follows.
    mutating func takeCharacters() -> String { put(byteRun.takeCharacters()) }

    /// Returns what was held back: U+FFFD for a character that was never completed.
    ///
    /// The decoder can still be used: further ids continue the same text.
    package mutating func finish() -> String {
        put(byteRun.finish())
    }

    /// Returns text, without what the start of the text drops.
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

    /// The token's bytes, without the space that the start of the text drops.
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
