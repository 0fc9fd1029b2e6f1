import LlamaCommands
import LlamaJSON
import LlamaKernels
import LlamaModel
import LlamaTensors

/// One run of `llama-bench model`: load, measure, report.
struct ModelSession {
    private let options: ModelBenchmark

    init(_ options: ModelBenchmark) { self.options = options }

    func run() throws {
        Interrupt.watch()
        let progress = Progress()
        defer { progress.clear() }
        let kernels = try options.common.kernels()
        progress.show("loading")
        let subject = try Subject(options.subject, threads: options.common.threads) {
            (weights, configuration) throws(Failure) in
            try Memory.require(weights, for: configuration, options)
        }
        let limits = Limits(subject.transformer.matrices, on: kernels)
        var results: [ModelResult] = []
        for depth in options.depth.counts {
            results += try measure(depth, subject, limits, kernels, progress)
        }
        // Nothing of weights that another program has changed meanwhile.
        try subject.transformer.checkUnchanged()
        try Interruption.check()
        progress.clear()
        try report(subject, Machine(kernels), results)
    }

    private func measurements(_ depth: Int) -> [Measurement] {
        let prompts = options.prompt.counts.filter { $0 > 0 }.map {
            Measurement(kind: .prefill, tokens: $0, batch: 1, depth: depth)
        }
        // Larger batches last, so that the cache grows as it is needed.
        return prompts
            + options.batch.counts.sorted().flatMap { batch in
                options.generate.counts.filter { $0 > 0 }.map {
                    Measurement(kind: .decode, tokens: $0, batch: batch, depth: depth)
                }
            }
    }

    private func measure(
        _ depth: Int, _ subject: Subject, _ limits: Limits, _ kernels: KernelContext, _ progress: Progress
    ) throws -> [ModelResult] {
        let measurements = measurements(depth)
        let sequences = try Sequences(
            subject.transformer, slots: measurements.map(\.batch).max() ?? 1, depth: depth,
            tokens: measurements.map(\.tokens).max() ?? 0, cacheType: options.subject.kvDtype, on: kernels)
        return try measurements.map { measurement in
            progress.show("\(measurement.text): filling the cache")
            MemoryStatus.resetPeak()
            try sequences.fill(measurement.batch)
            // The first one does not count.
            _ = try repetition(measurement, sequences, limits)
            let repetitions = try (1...options.common.repetitions).map { number in
                progress.show("\(measurement.text): \(number) of \(options.common.repetitions)")
                return try repetition(measurement, sequences, limits)
            }
            return ModelResult(
                measurement: measurement, dtype: subject.dtype.rawValue, activations: kernels.activations,
                cacheType: options.subject.kvDtype,
                work: work(measurement, sequences, subject.transformer, kernels), repetitions: repetitions,
                peakMemory: MemoryStatus.peak)
        }
    }

    private func repetition(
        _ measurement: Measurement, _ sequences: Sequences, _ limits: Limits
    ) throws -> ModelResult.Repetition {
        let sample = limits.sample()
        switch measurement.kind {
        case .prefill:
            let time = try sequences.prefill(measurement.tokens)
            return ModelResult.Repetition(
                seconds: time.logits, firstToken: time.firstToken, limits: sample)
        case .decode:
            let seconds = try sequences.decode(measurement.tokens, batch: measurement.batch)
            return ModelResult.Repetition(seconds: seconds, firstToken: nil, limits: sample)
        }
    }

    private func work(
        _ measurement: Measurement, _ sequences: Sequences, _ model: Transformer, _ kernels: KernelContext
    ) -> Work {
        switch measurement.kind {
        case .prefill:
            Work.prefill(
                model, tokens: measurement.tokens, depth: measurement.depth, rows: sequences.rowCapacity,
                cacheType: options.subject.kvDtype, on: kernels)
        case .decode:
            Work.decode(
                model, tokens: measurement.tokens, depth: measurement.depth, batch: measurement.batch,
                cacheType: options.subject.kvDtype, on: kernels)
        }
    }

    private func report(_ subject: Subject, _ machine: Machine, _ results: [ModelResult]) throws {
        guard !options.common.json else {
            return try Console.output(
                JSONText.object([
                    ("machine", machine.json), ("model", subject.json),
                    ("results", .array(results.map(\.json))),
                ]))
        }
        let numbers = Set(1..<ModelResult.titles.count)
        let table = TextTable.lines(
            [ModelResult.titles] + results.map(\.cells), indentation: 0, rightAligned: numbers)
        let isFloat = [.float32, .float16].contains(subject.dtype)
        let activations = isFloat ? "" : ", \(options.common.activations.rawValue) activations"
        let cache = ", cache in \(options.subject.kvDtype.rawValue)"
        let lines = [machine.text, subject.text + activations + cache, options.common.heading, ""] + table
        try Console.output(lines.joined(separator: "\n") + "\n")
    }
}
