import LlamaCommands
import LlamaGeneration
import LlamaTokenizers

/// Routes what is generated: text to standard output, records to a file, progress to standard error.
struct RunReport {
    private let prompts: [Prompt]
    private let tokenizer: (any Tokenizer)?
    private let echo: Bool
    private var printer: TextPrinter?
    private var records: RecordWriter?
    private var progress: ProgressBar?
    private var begun: Set<Int> = []
    /// Completions of prompts that are not done.
    private var pending: [Int: [Completion]] = [:]
    /// Whether to print a summary at the end.
    let showsSummary: Bool
    /// How many prompts are done.
    private(set) var finishedCount = 0
    /// The error that stopped the output.
    private(set) var failure: Failure?

    /// - Parameter inputs: Files that the run reads.
    init(
        _ options: LlamaRun, prompts: [Prompt], tokenizer: (any Tokenizer)?, inputs: [String]
    ) throws(Failure) {
        self.prompts = prompts
        self.tokenizer = tokenizer
        echo = options.echo
        let showsText = options.output != "-" && !(options.quiet && options.output != nil)
        printer = showsText ? TextPrinter(count: prompts.count, isRaw: options.raw) : nil
        if let path = options.output { records = try RecordWriter(path: path, inputs: inputs) }
        showsSummary = !options.quiet && (options.verbose || Console.errorIsTerminal)
        // Output that streams to the same terminal would collide with the bar.
        let isFree = !Console.outputIsTerminal || !(showsText || options.output == "-")
        progress =
            showsSummary && isFree
            ? ProgressBar(total: prompts.count, length: options.maxGenLen) : nil
    }

    /// Prints and counts an event; an output error is kept in ``failure``.
    mutating func add(_ event: EngineEvent) {
        do throws(Failure) {
            switch event {
            case .read(_, let count):
                progress?.countRead(count)
            case .token(let index, _, let id, let text, _):
                let isFirst = try begin(index)
                // Without a tokenizer, the ids are shown.
                let shown = tokenizer != nil ? text : (isFirst ? "" : " ") + "\(id)"
                try printer?.add(shown, to: index)
                progress?.countToken()
            case .finished(let index, let completion, let rest):
                _ = try begin(index)
                try printer?.add(rest, to: index)
                pending[index, default: []].append(completion)
            case .ended(let index):
                let completions = pending.removeValue(forKey: index) ?? []
                try printer?.finish(index)
                try records?.add(completions, of: index)
                finishedCount += 1
                progress?.countPrompt(tokens: completions.reduce(0) { $0 + $1.completionIDs.count })
            case .failed:
                break
            }
        } catch {
            failure = error
        }
    }

    /// Ends lines, writes what remains, and throws the error that stopped the output.
    mutating func close() throws(Failure) {
        progress?.clear()
        if let failure {
            try? printer?.endLine()
            throw failure
        }
        try printer?.endLine()
        try records?.close()
    }

    /// Prints what precedes a prompt's completion, once; returns whether nothing has been printed yet.
    private mutating func begin(_ index: Int) throws(Failure) -> Bool {
        guard begun.insert(index).inserted else { return false }
        guard printer != nil, echo || prompts.count > 1 else { return true }
        let text = text(of: prompts[index])
        // As Meta's example_text_completion.py shows which completion belongs to which prompt.
        let shown = echo ? text : text + "\n> "
        try printer?.add(shown, to: index)
        return !echo
    }

    private func text(of prompt: Prompt) -> String {
        switch prompt.content {
        case .text(let text): text
        case .ids(let ids): tokenizer?.decode(ids) ?? ids.map(String.init).joined(separator: " ")
        }
    }
}
