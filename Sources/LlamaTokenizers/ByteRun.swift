/// Decodes UTF-8 that arrives in chunks, and replaces bytes that are not UTF-8.
struct ByteRun: Sendable {
    /// What one U+FFFD replaces.
    enum Replacement: Sendable {
        /// A byte at which no character begins; decoding continues at the next byte (`SentencePieceProcessor::Decode`).
        case eachByte

        /// The longest incomplete character, or a byte at which none begins: "maximal subparts" (The Unicode Standard, section 3.9; Python's `bytes.decode("utf-8", "replace")`).
        case maximalSubpart

        /// Each byte of a run that is not all UTF-8; the run is held back until it ends (the `ByteFallback`
        /// decoder of Hugging Face's tokenizers).
        case wholeRun
    }

    let replacement: Replacement

    /// The bytes of an incomplete character, at most three, or of a whole run.
    private var held: [UInt8] = []

    init(_ replacement: Replacement) {
        self.replacement = replacement
    }

    /// Appends bytes and returns the text that is certain by now.
    mutating func append(_ bytes: ArraySlice<UInt8>) -> String {
        if replacement == .wholeRun {
            held += bytes
            return ""
        }
        if held.isEmpty, let text = String(validating: bytes, as: UTF8.self) { return text }
        return bytes.reduce(into: "") { $0 += append($1) }
    }

    /// Appends a byte and returns the text that is certain by now.
    mutating func append(_ byte: UInt8) -> String {
        held.append(byte)
        var text = ""
        while let first = held.first {
            guard Self.isPossible(held) else {
                text += "\u{FFFD}"
                held.removeFirst(replacement == .eachByte ? 1 : max(1, held.count - 1))
                continue
            }
            guard held.count == Self.length(after: first) else { break }
            text += String(decoding: held, as: UTF8.self)
            held.removeAll(keepingCapacity: true)
        }
        return text
    }

    /// Returns the text of the bytes held back, except an incomplete character at their end, which stays.
    mutating func takeCharacters() -> String {
        var start = 0
        while start < held.count {
            let length = Self.length(after: held[start])
            guard length > 0, length <= held.count - start else { break }
            start += length
        }
        let rest = Array(held[start...])
        guard let text = String(validating: held[..<start], as: UTF8.self),
            rest.isEmpty || Self.isPossible(rest)
        else { return finish() }
        held = rest
        return text
    }

    /// Returns the text of the bytes held back.
    mutating func finish() -> String {
        defer { held.removeAll(keepingCapacity: true) }
        if replacement == .wholeRun, let text = String(validating: held, as: UTF8.self) { return text }
        return String(
            repeating: "\u{FFFD}", count: replacement == .maximalSubpart ? min(1, held.count) : held.count)
    }

    /// Whether a character can begin with these bytes, after the table of well-formed UTF-8 byte sequences
    /// (The Unicode Standard, table 3-7).
    private static func isPossible(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, length(after: first) >= bytes.count else { return false }
        for (index, byte) in bytes.enumerated().dropFirst() {
            guard (index == 1 ? secondBytes(after: first) : 0x80...0xBF).contains(byte) else { return false }
        }
        return true
    }

    /// The length in bytes of a character with this first byte; 0 if no character has it.
    private static func length(after first: UInt8) -> Int {
        switch first {
        case 0x00...0x7F: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// The valid second bytes, which exclude overlong forms, surrogates and scalars beyond U+10FFFF.
    private static func secondBytes(after first: UInt8) -> ClosedRange<UInt8> {
        switch first {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}
