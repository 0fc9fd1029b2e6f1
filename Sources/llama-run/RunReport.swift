import LlamaCommands
import LlamaGeneration
import LlamaTokenizers

/// Routes what is generated: text to standard output, records to a file, progress to standard error.
struct RunReport {
    private let requests: [GenerationRequest]
    private let tokenizer: (any Tokenizer)?
    /// Index of each prompt's first completion among those of all prompts.
    private let firsts: [Int]
    private var printer: TextPrinter?
    private var records: RecordWriter?
    private var progress: ProgressBar?
    /// Completions of which something is printed.
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
        _ options: LlamaRun, requests: [GenerationRequest], tokenizer: (any Tokenizer)?, inputs: [String]
    ) throws(Failure) {
        self.requests = requests
        self.tokenizer = tokenizer
        let counts = requests.map(\.options.candidates.n)
        var firsts: [Int] = []
        var total = 0
        for count in counts {
            firsts.append(total)
            total += count
        }
        self.firsts = firsts
        let showsText = options.files.output != "-" && !(options.files.quiet && options.files.output != nil)
        printer = showsText ? TextPrinter(counts: counts, isRaw: options.files.raw) : nil
        if let path = options.files.output { records = try RecordWriter(path: path, inputs: inputs) }
        showsSummary = !options.files.quiet && (options.files.verbose || Console.errorIsTerminal)
        // Output that streams to the same terminal would collide with the bar.
        let isFree = !Console.outputIsTerminal || !(showsText || options.files.output == "-")
        let length = requests.map(\.options.maxGenerationLength).max() ?? 0
        progress =
            showsSummary && isFree
            ? ProgressBar(prompts: requests.count, completions: total, length: length) : nil
    }

    /// Prints and counts an event; an output error is kept in ``failure``.
    mutating func add(_ event: EngineEvent) {
        do throws(Failure) {
            switch event {
            case .read(_, let count):
                progress?.countRead(count)
            case .token(let index, let choice, let id, let text, _):
                let item = firsts[index] + choice
                let isFirst = try begin(index, choice, score: nil)
                // Without a tokenizer, the ids are shown.
                let shown = tokenizer != nil ? text : (isFirst ? "" : " ") + "\(id)"
                try printer?.add(shown, to: item)
                progress?.countToken()
            case .finished(let index, let completion, let rest):
                try finish(completion, of: index, rest: rest)
            case .ended(let index):
                let completions = pending.removeValue(forKey: index) ?? []
                let items = firsts[index]..<firsts[index] + requests[index].options.candidates.n
                for item in items.dropFirst(completions.count) { try printer?.finish(item) }
                try records?.add(completions.sorted { $0.choice < $1.choice }, of: index)
                finishedCount += 1
                progress?.countPrompt()
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

    private mutating func finish(
        _ completion: Completion, of index: Int, rest: String
    ) throws(Failure) {
        let item = firsts[index] + completion.choice
        let isFirst = try begin(index, completion.choice, score: completion.score)
        // Of choices that were selected, no tokens were reported.
        let isSelected = tokenizer == nil && isFirst && completion.score != nil
        let ids = isSelected ? completion.completionIDs.map(String.init).joined(separator: " ") : ""
        try printer?.add(rest + ids, to: item)
        try printer?.finish(item)
        pending[index, default: []].append(completion)
        progress?.countCompletion(tokens: completion.completionIDs.count)
    }

    /// Prints what precedes a completion, once.
    ///
    /// - Returns: Whether ids that follow are the first on their line.
    private mutating func begin(_ index: Int, _ choice: Int, score: Float?) throws(Failure) -> Bool {
        let item = firsts[index] + choice
        guard begun.insert(item).inserted else { return false }
        guard printer != nil else { return true }
        let options = requests[index].options
        let isOneOfSeveral = options.candidates.n > 1 || options.candidates.beams > 1
        var shown = ""
        // As Meta's example_text_completion.py shows which completion belongs to which prompt.
        if requests.count > 1, choice == 0, !options.echo {
            shown += (requests[index].prompt.title ?? text(of: index)) + "\n"
        }
        if isOneOfSeveral {
            let score = score.map { ", score \(Quantity.rounded($0))" } ?? ""
            shown += "[\(choice + 1) of \(options.candidates.n)\(score)]\n"
        }
        if options.echo {
            shown += text(of: index)
        } else if requests.count > 1 || isOneOfSeveral {
            shown += "> "
        }
        try printer?.add(shown, to: item)
        return !options.echo
    }

    private func text(of index: Int) -> String {
        let prompt = requests[index].prompt
        if let text = prompt.text { return text }
        guard case .ids(let ids) = prompt.content else { return "" }
        return tokenizer?.decode(ids) ?? ids.map(String.init).joined(separator: " ")
    }
}
