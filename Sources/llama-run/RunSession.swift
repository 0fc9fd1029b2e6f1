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
        guard !options.checkpoints.isEmpty else {
            throw Failure(Failure.usage, "--checkpoints: expected a path, found none")
        }
        let prompts = try PromptSource.prompts(options)
        let model = try load(for: prompts)
        let kernels = try KernelContext(
            instructionSet: .fromEnvironment(), activations: options.activations,
            threads: options.threads ?? KernelContext.processorCount)
        describe(model, kernels)
        let (generation, limits) = generationOptions(model)
        let requests = prompts.enumerated().map { index, prompt in
            GenerationRequest(prompt, options: generation, stream: index)
        }
        let prepared = try model.completer(kernels: kernels).prepare(requests, limits)
        let beside = (CheckpointFormat.configurationNames + TokenizerPath.companionNames).map {
            model.checkpoint.folder + "/" + $0
        }
        let inputs =
            model.checkpoint.files + [model.tokenizer?.file, options.prompts].compactMap(\.self) + beside
        var report = try RunReport(
            options, prompts: prompts, tokenizer: model.tokenizer?.tokenizer, inputs: inputs)
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
    private func load(for prompts: [Prompt]) throws -> LoadedModel {
        var weights = WeightLoading(options.dtype.weightType)
        let isQuantizing = weights.type.quantization != nil
        let bar = isQuantizing && !options.quiet ? ByteProgress("quantizing") : nil
        defer { bar?.clear() }
        weights.threads = options.threads ?? KernelContext.processorCount
        weights.progress = { done, total in
            bar?.show(done, of: total)
            return !Interrupt.isRequested
        }
        if isQuantizing { Interrupt.watch() }
        return try LoadedModel(
            at: options.checkpoints, tokenizer: options.tokenizer,
            needsText: prompts.contains { $0.text != nil }, weights: weights, logger: logger)
    }

    private func generationOptions(_ model: LoadedModel) -> (GenerationOptions, EngineLimits) {
        let context = model.checkpoint.configuration.contextLength
        if let asked = options.maxSeqLen, let context, asked > context {
            logger.warning("--max-seq-len \(asked) is beyond the \(context) positions the model was made for")
        }
        var result = model.generationOptions
        result.maxSequenceLength = options.maxSeqLen ?? result.maxSequenceLength
        result.maxGenerationLength = options.maxGenLen
        result.sampling.temperature = options.temperature
        result.sampling.topP = options.topP
        result.sampling.seed = options.seed
        result.logprobs = options.logprobs
        result.echo = options.echo
        var limits = EngineLimits(positions: result.maxSequenceLength)
        limits.sequences = options.maxBatchSize
        limits.cacheType = options.kvDtype
        return (result, limits)
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
            \(KVCache.bytesPerPosition(configuration, type: options.kvDtype)) bytes of cache per token
            """)
    }
}
