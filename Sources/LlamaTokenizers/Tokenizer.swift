/// Text to token ids and back.
///
/// A tokenizer is immutable: one value serves any number of threads. Ids are `Int32`, as in the engine and the files.
package protocol Tokenizer: Sendable {
    /// The number of ids; they run from 0 to one less.
    var vocabularySize: Int { get }

    /// The token that begins a sequence, if the vocabulary has one.
    var bosID: Int32? { get }

    /// The token that ends a sequence, if the vocabulary has one.
    var eosID: Int32? { get }

    /// The token that fills unused positions of a batch, if the vocabulary has one.
    var padID: Int32? { get }

    /// Whether a model's input begins with `bosID`. Nearly all models were trained so; a `tokenizer.json` may say otherwise.
    var addsBOS: Bool { get }

    /// The tokens that end a generation, as far as the tokenizer's own files name them.
    var stopTokens: Set<Int32> { get }

    /// The ids of a text.
    ///
    /// - Parameters:
    ///   - text: any text, NUL characters included.
    ///   - specials: which control tokens spelled out in `text` become those tokens. The rest is plain text.
    ///   - addBOS: whether the result begins with `bosID`. It is never added twice: if `specials` already made the text begin
    ///     with it, nothing is added, nor if the vocabulary has none.
    func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32]

    /// The text of a whole sequence.
    ///
    /// Control tokens have no text. Bytes that are not UTF-8 become U+FFFD. An id outside the vocabulary has no text either: a
    /// model whose embedding is padded beyond the vocabulary can produce one, and the rest must not be lost.
    func decode(_ ids: [Int32]) -> String

    /// The bytes that a token adds to a text in its middle, not necessarily UTF-8 by themselves; none for a
    /// control token or an id outside the vocabulary.
    ///
    /// The first token of a text may add less (SentencePiece drops the space it put before the text): for
    /// text use `decode(_:)` or a streaming decoder.
    func bytes(of id: Int32) -> [UInt8]

    /// The kind of a token, or nil outside the vocabulary.
    func kind(of id: Int32) -> TokenKind?

    /// What to call a token: `bytes(of:)` for a piece of text, and the name that the vocabulary gives any other
    /// token, such as `<s>`, `<|eot_id|>`, `<unk>` or `<0x0A>`; none for an id outside the vocabulary.
    ///
    /// Names are not unique: the piece of text `<s>` is spelled like the control token.
    func spelling(of id: Int32) -> [UInt8]

    /// A decoder for ids that arrive one after another.
    ///
    /// - Parameter prompt: the ids that come before. Their text is not returned; what follows is decoded as
    ///   their continuation, so that a completion keeps its leading space.
    func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder
}

extension Tokenizer {
    /// True if there is a `bosID`.
    package var addsBOS: Bool { bosID != nil }

    /// The ids of a text in which nothing is a control token.
    package func encode(_ text: String, addBOS: Bool) -> [Int32] {
        encode(text, specials: .none, addBOS: addBOS)
    }

    /// A decoder for ids that arrive one after another, from the beginning of a text.
    package func makeStreamingDecoder() -> StreamingDecoder {
        makeStreamingDecoder(prompt: [])
    }

    /// The text of a whole sequence: what a streaming decoder returns for it.
    package func decode(_ ids: [Int32]) -> String {
        var decoder = makeStreamingDecoder()
        var text = ""
        for id in ids { text += decoder.append(id) }
        text += decoder.finish()
        return text
    }
}
