/// Turns ids into text as they arrive.
///
/// What has been put out never has to be taken back: bytes that may yet become a character are held until
/// they have. All that `append(_:)` and `finish()` return, put together, is `Tokenizer.decode(_:)` of the ids.
///
/// A decoder made with a prompt puts out what follows the prompt's text. If the prompt ends within a
/// character, the bytes of its last token so far belong to what follows.
public struct StreamingDecoder: Sendable {
    /// What happens to the space that marks the first word.
    enum LeadingSpace: Sendable {
        /// It stays.
        case keep

        /// The first token loses it.
        case dropOne

        /// Every token loses it until there is text.
        case dropAll
    }

    private let table: TokenTable
    private let leadingSpace: LeadingSpace
    private var byteRun: ByteRun
    private var hasText = false
    private var hasDroppedSpace = false

    /// - Parameter replacement: `.eachByte` where only byte tokens are less than whole characters, as
    ///   SentencePiece has it; `.maximalSubpart` where any token may be, as in a byte-level vocabulary.
    init(
        table: TokenTable, leadingSpace: LeadingSpace, replacement: ByteRun.Replacement, prompt: [Int32]
    ) {
        self.table = table
        self.leadingSpace = leadingSpace
        byteRun = ByteRun(replacement)
        for id in prompt { _ = append(id) }
    }

    /// Takes the next id and returns the text that is certain by now, possibly none.
    ///
    /// An id outside the vocabulary is passed over, as in `Tokenizer.decode(_:)`.
    public mutating func append(_ id: Int32) -> String {
        guard let kind = table.kind(of: id) else { return "" }
        var text: String
        if kind == .byte || kind == .normal && byteRun.replacement == .maximalSubpart {
            text = byteRun.append(table.bytes(of: id))
        } else {
            text = finish()
            text += String(decoding: bytesInPlace(of: id), as: UTF8.self)
        }
        if !text.isEmpty { hasText = true }
        return text
    }

    /// Returns what was held back: U+FFFD for a character that was never completed.
    ///
    /// The decoder may be used further: the ids that follow continue the same text.
    public mutating func finish() -> String {
        let text = byteRun.finish()
        if !text.isEmpty { hasText = true }
        return text
    }

    /// The token's bytes, less the space that the start of the text drops.
    private mutating func bytesInPlace(of id: Int32) -> ArraySlice<UInt8> {
        let bytes = table.bytes(of: id)
        guard leadingSpace != .keep, !hasText, !hasDroppedSpace, table.marksLeadingSpace(id) else {
            return bytes
        }
        if leadingSpace == .dropOne { hasDroppedSpace = true }
        return bytes.dropFirst()
    }
}
