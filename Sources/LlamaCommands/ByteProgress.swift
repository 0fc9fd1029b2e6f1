import Synchronization

/// A progress bar of bytes on a terminal.
package final class ByteProgress: Sendable {
    private let what: String
    private let start = ContinuousClock().now
    private let line: Mutex<StatusLine>

    /// Nil where standard error is not a terminal.
    ///
    /// - Parameter what: What is being done, printed before the bar.
    package init?(_ what: String) {
        guard let line = StatusLine() else { return nil }
        self.what = what
        self.line = Mutex(line)
    }

    /// Redraws at most ten times a second.
    package func show(_ done: Int, of total: Int) {
        guard total > 0 else { return }
        line.withLock { line in
            line.draw {
                let seconds = (ContinuousClock().now - start) / .seconds(1)
                let rate = seconds > 0.05 ? ", \(Quantity.bytes(Int(Double(done) / seconds)))/s" : ""
                return StatusLine.Content(
                    before: what, fraction: Double(done) / Double(total),
                    after: "\(Quantity.bytes(done)) of \(Quantity.bytes(total))\(rate)")
            }
        }
    }

    /// Clears the line.
    package func clear() { line.withLock { $0.clear() } }
}
