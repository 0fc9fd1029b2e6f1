import LlamaCommands

/// A line on a terminal that shows how many prompts are done.
struct ProgressBar {
    let total: Int
    /// Most tokens per prompt.
    let length: Int
    private var firstToken: ContinuousClock.Instant?
    private var lastDrawn: ContinuousClock.Instant?
    private var done = 0
    private var read = 0
    private var tokens = 0
    /// Those of ``tokens`` that belong to prompts that are done.
    private var doneTokens = 0

    init(total: Int, length: Int) {
        self.total = total
        self.length = length
    }

    /// Counts tokens of prompts that were read.
    mutating func countRead(_ count: Int) {
        read += count
        drawSoon()
    }

    /// Counts a generated token.
    mutating func countToken() {
        tokens += 1
        if firstToken == nil { firstToken = ContinuousClock().now }
        drawSoon()
    }

    /// Redraws at most ten times a second.
    private mutating func drawSoon() {
        let now = ContinuousClock().now
        if let lastDrawn, now - lastDrawn < .milliseconds(100) { return }
        lastDrawn = now
        draw()
    }

    /// Counts a prompt that is done, and the number of its tokens.
    mutating func countPrompt(tokens: Int) {
        done += 1
        doneTokens += tokens
        draw()
    }

    /// Clears the line.
    func clear() { Console.status("\r\u{1B}[K") }

    private func draw() {
        let width = 30
        // A finished prompt counts as one of full length, so that the bar ends full.
        let running = Double(tokens - doneTokens) / Double(max(length, 1))
        let filled = min(width, Int(Double(width) * (Double(done) + running) / Double(max(total, 1))))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        // The time spent on prompts is not counted in the rate at which text appears.
        let time = firstToken.map { (ContinuousClock().now - $0) / .seconds(1) } ?? 0
        let rate = time > 0.05 ? ", \(Summary.fixed(Double(tokens - 1) / time, digits: 1))/s" : ""
        let count = tokens == 0 ? "\(read) tokens read" : "\(tokens) tokens\(rate)"
        Console.status("\r\u{1B}[K\(bar) \(done)/\(total) prompts, \(count)")
    }
}
