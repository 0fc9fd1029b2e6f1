import LlamaJSON

/// An excerpt of a text, for one line of output.
enum Excerpt {
    /// Scalars shown on each side.
    private static let reach = 30

    /// The scalars around a position as a JSON string, with `…` outside it for what is cut off.
    ///
    /// - Parameter position: Counted in scalars.
    static func around(_ position: Int, in text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let start = max(0, min(position, scalars.count) - reach)
        let end = min(scalars.count, position + reach)
        var excerpt = String.UnicodeScalarView()
        excerpt.append(contentsOf: scalars[start..<end])
        let json = JSONText.string(String(excerpt)).serialized.oneLine()
        return (start > 0 ? "…" : "") + json + (end < scalars.count ? "…" : "")
    }
}
