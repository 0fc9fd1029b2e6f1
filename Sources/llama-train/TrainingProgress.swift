import LlamaJSON
import LlamaCommands
import LlamaTraining

/// Progress and evaluations, on standard error.
struct TrainingProgress {
    private let steps: Int
    private let firstStep: Int
    private let header: String
    private let isQuiet: Bool
    private let isVerbose: Bool
    private var line = StatusLine()
    private let start = ContinuousClock().now
    private var smoothed: Double?
    private var tokens = 0
    private var computing = Duration.zero

    init(_ trainer: Trainer, isQuiet: Bool, isVerbose: Bool) {
        steps = trainer.options.steps
        firstStep = trainer.firstStep
        header =
            trainer.firstStep == trainer.options.steps
            ? "step \(trainer.firstStep) of \(trainer.options.steps) is done: nothing is left to do"
            : "\(trainer.parameterCount) parameters, steps \(trainer.firstStep + 1) to \(trainer.options.steps)"
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
    }

    func begin() {
        if !isQuiet { Console.error("llama-train: " + header) }
    }

    /// Shows a step: on a terminal over the previous line, elsewhere every tenth with `--verbose`.
    mutating func show(_ report: StepReport) {
        smoothed = smoothed.map { 0.9 * $0 + 0.1 * report.loss } ?? report.loss
        tokens += report.tokens
        computing += report.time
        guard !isQuiet else { return }
        let text =
            "step \(report.step)/\(steps)  loss \(digits(smoothed ?? report.loss))  \(rate) tokens/s  \(remaining(report.step)) left"
        if line != nil {
            line?.draw { StatusLine.Content(after: text) }
        } else if isVerbose, report.step.isMultiple(of: 10) {
            Console.error(text)
        }
    }

    /// Shows an evaluation.
    func show(_ report: EvaluationReport, sample: String?) {
        guard !isQuiet else { return }
        clear()
        let best = report.isBest ? ", the best so far: written" : ""
        Console.error(
            "step \(report.step)/\(steps)  validation loss \(digits(report.validationLoss))\(best)  (\(rate) tokens/s)"
        )
        if let sample { indented(sample).forEach(Console.error) }
    }

    func end() {
        guard !isQuiet else { return }
        clear()
        Console.error("llama-train: done after \(Int((ContinuousClock().now - start) / .seconds(1))) s")
    }

    private func clear() {
        line?.clear()
    }

    private var rate: Int { computing > .zero ? Int(Double(tokens) / (computing / .seconds(1))) : 0 }

    private func remaining(_ step: Int) -> String {
        let done = step - firstStep
        guard done > 0 else { return "?" }
        let seconds = Int((ContinuousClock().now - start) / .seconds(1) * Double(steps - step) / Double(done))
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min"
    }

    /// Four digits after the decimal point, so that lines align.
    private func digits(_ value: Double) -> String {
        guard abs(value) < 1e9 else { return "\(value)" }
        let scaled = Int((abs(value) * 10000).rounded())
        let fraction = String(scaled % 10000)
        let zeros = String(repeating: "0", count: 4 - fraction.count)
        return "\(value < 0 ? "-" : "")\(scaled / 10000)." + zeros + fraction
    }

    private func indented(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + String($0).oneLine() }
    }
}
