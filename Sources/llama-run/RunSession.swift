import LlamaTensors
import LlamaTokenizers
import LlamaCheckpoints
import LlamaCommands
import LlamaGeneration
import LlamaKernels
import LlamaModel
import Logging

/// One run of `llama-run`: load, complete, report.
struct RunSession {
    private let options: LlamaRun
    private let logger: Logger

    init(_ options: LlamaRun) {
        self.options = options
        logger = StandardErrorLog.logger(options)
    }

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        guard !options.files.checkpoints.isEmpty else {
            throw Failure(Failure.usage, "--checkpoints: expected a path, found none")
        }
        let prompts = try PromptSource.prompts(options)
        try checkLogprobs(prompts)
        let renderer = try options.chat.renderer()
        let model = try load(for: prompts)
        let draft = try loadDraft()
        let kernels = try KernelContext(
            instructionSet: .fromEnvironment(), activations: options.machine.activations,
            threads: options.machine.threads ?? KernelContext.processorCount)
        describe(model, kernels)
        warnAboutContext(model)
        let requests = try RunRequests(options, model: model, renderer: renderer, logger: logger)
            .requests(prompts)
        let prepared = try model.completer(draft: draft?.transformer, kernels: kernels)
            .prepare(requests, limits(requests))
        let beside = (CheckpointFormat.configurationNames + TokenizerPath.companionNames).map {
            model.checkpoint.folder + "/" + $0
        }
        let inputs =
            model.checkpoint.files + (draft?.files ?? [])
            + [model.tokenizer?.file, options.files.prompts, options.chat.templateFile].compactMap(\.self)
            + beside
        var report = try RunReport(
            options, requests: requests, tokenizer: model.tokenizer?.tokenizer, inputs: inputs)
        let loadTime = clock.now - start
        Interrupt.watch()
        let statistics: GenerationStatistics
        do {
            statistics = try prepared.complete { event in
                report.add(event)
                return report.failure == nil && !Interrupt.isRequested
            }
        } catch {
            try? report.close()
            throw error
        }
        try report.close()
        if report.showsSummary {
            Summary(loadTime: loadTime, statistics: statistics).lines.forEach(Console.error)
        }
        if Interrupt.isRequested {
            throw Failure(
                Failure.interrupted,
                "interrupted; \(report.finishedCount) of \(prompts.count) prompts are done")
        }
    }

    /// Loads the model, and quantizes its weights under a progress bar where `--dtype` asks for it.
    private func load(for prompts: [PromptList.Entry]) throws -> LoadedModel {
        var weights = WeightLoading(options.machine.dtype.weightType)
        let isQuantizing = weights.type.quantization != nil
        let bar = isQuantizing && !options.files.quiet ? ByteProgress("quantizing") : nil
        defer { bar?.clear() }
        weights.threads = options.machine.threads ?? KernelContext.processorCount
        weights.progress = { done, total in
            bar?.show(done, of: total)
            return !Interrupt.isRequested
        }
        if isQuantizing { Interrupt.watch() }
        return try LoadedModel(
            at: options.files.checkpoints, tokenizer: options.files.tokenizer,
            needsText: options.generation.settings.hasText || prompts.contains(where: \.hasText),
            weights: weights, logger: logger)
    }

    /// The model of `--draft`, and its files.
    private func loadDraft() throws -> (transformer: Transformer, files: [String])? {
        guard let path = options.generation.speculation.draft else { return nil }
        let checkpoint = try Checkpoint(at: path, logger: logger)
        return (try Transformer(checkpoint), checkpoint.files)
    }

    private func checkLogprobs(_ prompts: [PromptList.Entry]) throws {
        guard options.files.output == nil, let entry = prompts.first(where: { $0.settings.logprobs != nil })
        else { return }
        let error = OptionError(.logprobs, expected: "a file for them", found: "no --output")
        throw GenerationError.invalidOption(source: entry.source, error)
    }

    private func limits(_ requests: [GenerationRequest]) -> EngineLimits {
        var limits = EngineLimits(positions: requests.map(\.options.maxSequenceLength).max() ?? 0)
        limits.sequences = options.machine.maxBatchSize
        limits.cacheType = options.machine.kvDtype
        limits.cacheBytes = options.machine.kvMemory?.byteCount
        return limits
    }

    private func warnAboutContext(_ model: LoadedModel) {
        let context = model.checkpoint.configuration.contextLength
        if let asked = options.generation.length.maxSeqLen, let context, asked > context {
            logger.warning("--max-seq-len \(asked) is beyond the \(context) positions the model was made for")
        }
    }

    private func describe(_ model: LoadedModel, _ kernels: KernelContext) {
        let checkpoint = model.checkpoint
        let configuration = checkpoint.configuration
        let types = checkpoint.dtypes.map(\.rawValue).joined(separator: " ")
        logger.info(
            """
            \(checkpoint.files.joined(separator: " ")): \(configuration.parameterCount) parameters, \(types), \
            dim \(configuration.dim), \(configuration.nLayers) layers, \(configuration.nHeads) heads, \
            \(configuration.nKVHeads) kv heads, hidden \(configuration.hiddenDim), \
            vocabulary \(configuration.vocabularySize)
            """)
        logger.info(
            """
            \(kernels.instructionSet.rawValue) kernels, \(kernels.activations.rawValue) activations for quantized \
            weights, \(kernels.threads) threads, \
            \(KVCache.bytesPerPosition(configuration, type: options.machine.kvDtype)) bytes of cache per token
            """)
    }
}
