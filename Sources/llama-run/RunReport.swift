import Generation

/// Sends what is generated to where it was asked for: text to standard output, records to a file, progress to
/// standard error.
struct RunReport {
    private var printer: TextPrinter?
    private var records: RecordWriter?
    private var progress: ProgressBar?
    private let echo: Bool
    /// Whether a summary belongs at the end.
    let showsSummary: Bool
    /// How many prompts are done.
    private(set) var finishedCount = 0
    /// Why output had to stop.
    private(set) var failure: Failure?
    private var begun: Set<Int> = []

    init(_ options: LlamaRun, count: Int) throws(Failure) {
        let showsText = options.output != "-" && !(options.quiet && options.output != nil)
        printer = showsText ? TextPrinter(count: count) : nil
        if let path = options.output { records = try RecordWriter(path: path) }
        showsSummary = !options.quiet && (options.verbose || Console.errorIsTerminal)
        // Text that streams to the same terminal would run into the bar.
        let isFree = !showsText || !Console.outputIsTerminal
        progress =
            showsSummary && count > 1 && isFree && Console.errorIsTerminal ? ProgressBar(total: count) : nil
        echo = options.echo
    }

    /// Takes an event; what cannot be written is kept in ``failure``.
    mutating func take(_ event: Completer.Event, prompts: [Prompt]) {
        do throws(Failure) {
            switch event {
            case .token(let index, _, let text):
                try begin(index, prompts)
                try printer?.add(text, to: index)
                progress?.countToken()
            case .finished(let completion, let rest):
                try begin(completion.index, prompts)
                try printer?.add(rest, to: completion.index)
                try printer?.finish(completion.index)
                try records?.add(completion)
                finishedCount += 1
                progress?.countPrompt()
            }
        } catch {
            failure = error
        }
    }

    /// Ends lines, writes what is left, and reports what went wrong on the way.
    mutating func close() throws(Failure) {
        progress?.clear()
        if let failure { throw failure }
        try printer?.endLine()
        try records?.close()
    }

    private mutating func begin(_ index: Int, _ prompts: [Prompt]) throws(Failure) {
        guard echo, begun.insert(index).inserted, let text = prompts[index].text else { return }
        try printer?.add(text, to: index)
    }
}
