/// A type with the name of one of swift-llama's.
public struct Tokenizer: Sendable {
    /// The only one.
    public init() {}

    /// The words of a text.
    public func words(of text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
