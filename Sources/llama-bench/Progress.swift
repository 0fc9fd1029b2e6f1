import LlamaCommands

/// What is being measured, on a terminal.
final class Progress {
    private var line = StatusLine()

    /// Shows some words, at once.
    func show(_ text: String) {
        line?.draw(isUrgent: true) { StatusLine.Content(after: text) }
    }

    /// Clears the line.
    func clear() { line?.clear() }
}
