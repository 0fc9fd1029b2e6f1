import CommandSupport

/// A line on a terminal that shows how many prompts are done.
struct ProgressBar {
    let total: Int
    private let start = ContinuousClock().now
    private var lastDrawn: ContinuousClock.Instant?
    private var done = 0
    private var read = 0
    private var tokens = 0

    init(total: Int) { self.total = total }

    /// Counts tokens of prompts that were read.
    mutating func countRead(_ count: Int) {
        read += count
        drawSoon()
    }

    /// Counts a generated token.
    mutating func countToken() {
        tokens += 1
        drawSoon()
    }

    /// Redraws a few times a second.
    private mutating func drawSoon() {
        let now = ContinuousClock().now
        if let lastDrawn, now - lastDrawn < .milliseconds(100) { return }
        lastDrawn = now
        draw()
    }

    /// Counts a prompt.
    mutating func countPrompt() {
        done += 1
        draw()
    }

    /// Clears the line.
    func clear() { Console.status("\r\u{1B}[K") }

    private func draw() {
        let width = 30
        let filled = total == 0 ? width : done * width / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let rate = Double(tokens) / max((ContinuousClock().now - start) / .seconds(1), 0.001)
        let count =
            tokens == 0 ? "\(read) tokens read" : "\(tokens) tokens, \(Summary.fixed(rate, digits: 1))/s"
        Console.status("\r\u{1B}[K\(bar) \(done)/\(total) prompts, \(count)")
    }
}
