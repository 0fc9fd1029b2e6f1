import LlamaCommands
import Synchronization

/// A progress bar of bytes on a terminal.
final class ByteProgress: Sendable {
    private let what: String
    private let start = ContinuousClock().now
    private let lastDrawn = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameter what: What is being done, printed before the bar.
    init(_ what: String) { self.what = what }

    /// Redraws at most ten times a second.
    func show(_ done: Int, of total: Int) {
        let now = ContinuousClock().now
        let isDue = lastDrawn.withLock { last in
            if let last, now - last < .milliseconds(100) { return false }
            last = now
            return true
        }
        guard isDue, total > 0 else { return }
        let width = 30
        let filled = min(width, Int(Double(width) * Double(done) / Double(total)))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let seconds = (now - start) / .seconds(1)
        let rate = seconds > 0.05 ? ", \(Quantity.bytes(Int(Double(done) / seconds)))/s" : ""
        Console.status("\r\u{1B}[K\(what) \(bar) \(Quantity.bytes(done)) of \(Quantity.bytes(total))\(rate)")
    }

    /// Clears the line.
    func clear() { Console.status("\r\u{1B}[K") }
}
