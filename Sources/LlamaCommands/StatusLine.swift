import Glibc

/// A line on a terminal that shows progress and is drawn over.
///
/// As wide as the terminal at most, since a longer line would scroll. A terminal that cannot move its cursor (`TERM` is
/// `dumb` or not set) gets whole lines instead, further apart. There is no color, whatever `NO_COLOR` says.
package struct StatusLine: Sendable {
    /// What a line says.
    package struct Content: Sendable {
        /// Before the bar.
        package var before = ""
        /// How much is done, from 0 to 1; nil for no bar.
        package var fraction: Double?
        /// After the bar.
        package var after: String

        package init(before: String = "", fraction: Double? = nil, after: String) {
            (self.before, self.fraction, self.after) = (before, fraction, after)
        }
    }

    /// The widest bar and the narrowest, in columns.
    private static let barWidths = 5...30

    private let isDumb: Bool
    private var lastDrawn: ContinuousClock.Instant?

    /// Nil where standard error is not a terminal.
    package init?() {
        guard Console.errorIsTerminal else { return nil }
        let type = getenv("TERM").map { String(cString: $0) } ?? ""
        isDumb = type.isEmpty || type == "dumb"
    }

    /// Draws the line, unless it was drawn a moment ago.
    ///
    /// - Parameters:
    ///   - isUrgent: Whether to draw in any case where drawing over is possible.
    ///   - content: What it says; called if it is drawn.
    package mutating func draw(isUrgent: Bool = false, _ content: () -> Content) {
        let now = ContinuousClock().now
        if let lastDrawn, !(isUrgent && !isDumb) {
            guard now - lastDrawn >= (isDumb ? .seconds(5) : .milliseconds(100)) else { return }
        }
        lastDrawn = now
        if isDumb {
            let content = content()
            Console.error([content.before, content.after].filter { !$0.isEmpty }.joined(separator: " "))
        } else {
            Console.status("\r\u{1B}[K" + Self.text(content(), columns: Self.columns))
        }
    }

    /// Clears the line.
    package func clear() {
        if !isDumb { Console.status("\r\u{1B}[K") }
    }

    /// The width of the terminal, which may change; 80 where it does not tell.
    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The line, shorter than `columns`, since the cursor of some terminals wraps in the last one: the bar shrinks, then
    /// disappears, then the text is cut off.
    package static func text(_ content: Content, columns: Int) -> String {
        let words = [content.before, content.after].filter { !$0.isEmpty }
        let text = words.joined(separator: " ")
        let rest = columns - 1 - text.count - 1
        guard let fraction = content.fraction, rest >= barWidths.lowerBound else {
            return text.count < columns ? text : text.prefix(max(0, columns - 2)) + "…"
        }
        let width = min(rest, barWidths.upperBound)
        let filled = Int(Double(width) * min(1, max(0, fraction)))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        return [content.before, bar, content.after].filter { !$0.isEmpty }.joined(separator: " ")
    }
}
