import LlamaCheckpoints
import LlamaCommands
import LlamaJSON
import LlamaKernels
import LlamaModel

/// One run of `llama-bench engine`: load, measure, report.
struct EngineSession {
    private let options: EngineBenchmark

    init(_ options: EngineBenchmark) { self.options = options }

    func run() throws {
        Interrupt.watch()
        let progress = Progress()
        defer { progress.clear() }
        progress.show("loading")
        let subject = try Subject(options.subject, threads: options.common.threads) {
            (_, _) throws(Failure) in
        }
        let kernels = try options.common.kernels()
        let workloads = workloads(vocabulary: subject.configuration.vocabularySize)
        var results = workloads.map { _ in [EngineWorkload.Result]() }
        for repetition in 0...options.common.repetitions {
            for (index, workload) in workloads.enumerated() {
                try Interruption.check()
                progress.show("\(workload.name): \(repetition) of \(options.common.repetitions)")
                let result = try workload.run(subject.transformer, options.subject.kvDtype, on: kernels)
                // The first one does not count.
                if repetition > 0 { results[index].append(result) }
            }
        }
        progress.show("arrival")
        let common = options.common
        let arrival =
            options.arrival == 0
            ? nil
            : try ArrivalMeasurement.run(
                subject.transformer, prompt: options.arrival, options.subject.kvDtype
            ) { try common.kernels() }
        try subject.transformer.checkUnchanged()
        progress.clear()
        try report(subject, Machine(kernels), zip(workloads, results), arrival)
    }

    private func workloads(vocabulary: Int) -> [EngineWorkload] {
        func ids(_ count: Int, _ seed: Int) -> [Int32] {
            (0..<count).map { Int32(($0 &* 7919 &+ seed &* 104_729 &+ 1) % vocabulary) }
        }
        let prefix = ids(options.shared, 0)
        let tails = (0..<options.requests).map { ids(options.prompt, $0 + 1) }
        let unrelated = (0..<options.requests).map { ids(options.shared + options.prompt, 2 * $0 + 1) }
        let word = ids(24, 7)
        let repeating = (0..<options.shared + options.prompt).map { word[$0 % word.count] }
        let (sequences, generate) = (options.sequences, options.generate)
        return [
            EngineWorkload(
                name: "shared", prompts: tails.map { prefix + $0 }, sequences: sequences, generate: generate),
            EngineWorkload(name: "unrelated", prompts: unrelated, sequences: sequences, generate: generate),
            EngineWorkload(
                name: "one by one", prompts: Array(unrelated.prefix(8)), sequences: 1, generate: generate),
            EngineWorkload(name: "plain", prompts: [repeating], sequences: 1, generate: 8 * generate),
            EngineWorkload(
                name: "lookup", prompts: [repeating], sequences: 1, generate: 8 * generate,
                drafts: options.draftTokens),
        ]
    }

    private func report(
        _ subject: Subject, _ machine: Machine,
        _ results: some Sequence<(EngineWorkload, [EngineWorkload.Result])>,
        _ arrival: ArrivalMeasurement.Result?
    ) throws {
        guard !options.common.json else {
            return try Console.output(
                JSONText.object([
                    ("machine", machine.json), ("model", subject.json),
                    ("results", .array(results.map { $0.json($1) })),
                    ("arrival", arrival?.json(prompt: options.arrival) ?? .null),
                ]))
        }
        let table = TextTable.lines(
            [EngineWorkload.titles] + results.map { $0.cells($1) }, indentation: 0,
            rightAligned: Set(1..<EngineWorkload.titles.count))
        var lines = [machine.text, subject.text, options.common.heading, ""] + table
        if let arrival {
            lines += [
                "",
                "arrival of \(options.arrival) tokens: between two tokens of a request "
                    + "\(arrival.before.text) s before, \(arrival.during.text) s while they are read",
            ]
        }
        try Console.output(lines.joined(separator: "\n") + "\n")
    }
}
