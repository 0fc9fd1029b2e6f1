/// The kind of a token, after SentencePiece's `ModelProto.SentencePiece.Type`.
package enum TokenKind: UInt8, Sendable, Hashable, CaseIterable {
    /// A piece of text.
    case normal = 1

    /// Replaces text that the vocabulary cannot spell.
    case unknown = 2

    /// A control token, which has no text, such as `<s>`.
    case control = 3

    /// A piece of text that is never split, whatever is next to it.
    case userDefined = 4

    /// In the vocabulary, never produced by encoding.
    case unused = 5

    /// One byte of UTF-8, such as `<0x0A>`.
    case byte = 6
}
