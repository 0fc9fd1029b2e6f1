import LlamaCommands

/// A line on a terminal that shows how many prompts are done.
struct ProgressBar {
    let prompts: Int
    /// Completions of all prompts.
    let completions: Int
    /// Most tokens of a completion.
    let length: Int
    private var firstToken: ContinuousClock.Instant?
    private var line: StatusLine
    private var done = 0
    private var doneCompletions = 0
    private var read = 0
    private var tokens = 0
    /// Those of ``tokens`` that belong to completions that are done.
    private var doneTokens = 0

    /// Nil where standard error is not a terminal.
    init?(prompts: Int, completions: Int, length: Int) {
        guard let line = StatusLine() else { return nil }
        self.line = line
        self.prompts = prompts
        self.completions = completions
        self.length = length
    }

    /// Counts tokens of prompts that were read.
    mutating func countRead(_ count: Int) {
        read += count
        draw()
    }

    /// Counts a generated token.
    mutating func countToken() {
        tokens += 1
        if firstToken == nil { firstToken = ContinuousClock().now }
        draw()
    }

    /// Counts a completion that is done, and the number of its tokens.
    mutating func countCompletion(tokens: Int) {
        doneCompletions += 1
        doneTokens += tokens
        draw(isUrgent: true)
    }

    /// Counts a prompt that is done.
    mutating func countPrompt() {
        done += 1
        draw(isUrgent: true)
    }

    /// Clears the line.
    func clear() { line.clear() }

    /// Redraws at most ten times a second, unless it is urgent.
    private mutating func draw(isUrgent: Bool = false) {
        // The closure must not refer to the line that it is drawn in.
        let (prompts, completions, length, firstToken) = (prompts, completions, length, firstToken)
        let (done, doneCompletions, read) = (done, doneCompletions, read)
        // Of completions that are selected, no token is counted before they are done.
        let (tokens, doneTokens) = (max(tokens, doneTokens), doneTokens)
        line.draw(isUrgent: isUrgent) {
            // A finished completion counts as one of full length, so that the bar ends full.
            let running = Double(tokens - doneTokens) / Double(max(length, 1))
            // The time spent on prompts is not counted in the rate at which text appears.
            let time = firstToken.map { (ContinuousClock().now - $0) / .seconds(1) } ?? 0
            let rate = time > 0.05 ? ", \(Summary.fixed(Double(tokens - 1) / time, digits: 1))/s" : ""
            let count = tokens == 0 ? "\(read) tokens read" : "\(tokens) tokens\(rate)"
            return StatusLine.Content(
                fraction: (Double(doneCompletions) + running) / Double(max(completions, 1)),
                after: "\(done)/\(prompts) prompts, \(count)")
        }
    }
}
