/// A type with the name of one of swift-llama's.
public struct Completer: Sendable {
    /// The only one.
    public init() {}

    /// A prompt that asks for one more line of a play.
    public func prompt(for speaker: String) -> String { speaker + ":" }
}
