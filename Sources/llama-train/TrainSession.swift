import LlamaFiles
import LlamaCheckpoints
import LlamaCommands
import LlamaGeneration
import Glibc
import LlamaKernels
import LlamaModel
import Logging
import LlamaTensors
import LlamaTokenizers
import LlamaTraining

/// One run of `llama-train train`.
struct TrainSession {
    private let options: Train

    init(_ options: Train) { self.options = options }

    func run() throws {
        let folder = options.folder
        if options.resume == nil { try refuseOldRun(in: folder) }
        let text = try TrainingData.readText(options.data)
        let earlier = try options.resume.map(RunSettings.init(folder:))
        let training = options.options(over: earlier?.options ?? (options.preset ?? .toy).options)
        try training.validate()
        let (tokenizer, tokenizerBytes) = try makeTokenizer(text, folder: folder)
        let data = try TrainingData(
            text, file: options.data, tokenizer: tokenizer, sequenceLength: training.maxSequenceLength)
        let kernels = try KernelContext(threads: options.threads ?? KernelContext.processorCount)
        if options.resume == nil { try makeFolder(folder, tokenizer: tokenizerBytes) }
        let trainer = try Trainer(
            training, data: data, vocabularySize: tokenizer.vocabularySize, folder: folder,
            resumes: options.resume != nil, dtype: options.dtype?.dtype ?? earlier?.dtype ?? .float16,
            kernels: kernels)
        try train(trainer, tokenizer: tokenizer, folder: folder)
    }

    /// A new run must not mix its files with those of another, nor take their place unasked.
    private func refuseOldRun(in folder: String) throws(Failure) {
        for name in ["training.safetensors", "consolidated.safetensors", "params.json"]
        where access(folder + "/" + name, F_OK) == 0 {
            throw Failure(
                Failure.cannotCreate,
                "\(folder): holds a checkpoint already (\(name)); give another folder, or go on with --resume \(folder)"
            )
        }
    }

    private func train(_ trainer: Trainer, tokenizer: SentencePieceTokenizer, folder: String) throws {
        var progress = TrainingProgress(trainer, isQuiet: options.quiet, isVerbose: options.verbose)
        progress.begin()
        Interrupt.watch()
        let outcome = try trainer.run { event in
            switch event {
            case .step(let report): progress.show(report)
            case .evaluated(let report):
                progress.show(report, sample: options.quiet ? nil : sample(folder, tokenizer: tokenizer))
            }
            return !Interrupt.isRequested
        }
        progress.end()
        if case .stopped(let step) = outcome {
            throw Failure(
                Failure.interrupted,
                "interrupted; step \(step) is kept: go on with llama-train --data \(options.data) --resume \(folder)"
            )
        }
    }

    /// A tokenizer trained on the text, or one that exists; with its file's bytes.
    private func makeTokenizer(
        _ text: String, folder: String
    ) throws -> (tokenizer: SentencePieceTokenizer, bytes: [UInt8]) {
        let path: String
        switch (options.resume, options.tokenizer ?? "char") {
        case (.some, _): path = folder + "/tokenizer.model"
        case (nil, "char"): return try trained(.char, text)
        case (nil, "bpe"): return try trained(.bpe(vocabularySize: options.vocabSize ?? 1024), text)
        case (nil, let file): path = file
        }
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw Failure(Failure.noInput, "\(path): cannot be read: \(error.reason)")
        }
        let bytes = Array(file.bytes)
        return (try SentencePieceTokenizer(bytes: bytes, file: path), bytes)
    }

    private func trained(
        _ kind: SentencePieceTrainer.Kind, _ text: String
    ) throws -> (tokenizer: SentencePieceTokenizer, bytes: [UInt8]) {
        let bytes = try SentencePieceTrainer(kind).train(on: text)
        return (try SentencePieceTokenizer(bytes: bytes), bytes)
    }

    private func makeFolder(_ folder: String, tokenizer: [UInt8]) throws {
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
            throw Failure(
                Failure.cannotCreate, "\(folder): cannot be created: \(String(cString: strerror(errno)))")
        }
        let file = try AtomicFile(path: folder + "/tokenizer.model")
        try file.write(tokenizer)
        try file.commit()
    }

    /// Some text of the best checkpoint so far, through the engine that everybody uses.
    private func sample(_ folder: String, tokenizer: SentencePieceTokenizer) -> String {
        do {
            let checkpoint = try Checkpoint(
                at: folder, logger: Logger(label: "sample") { _ in SwiftLogNoOpLogHandler() })
            var generation = GenerationOptions(
                maxSequenceLength: checkpoint.configuration.contextLength ?? 256)
            generation.maxGenerationLength = 120
            generation.sampler = Sampler(temperature: 0.8, topP: 0.95, seed: 1)
            let completer = try Completer(
                model: Transformer(checkpoint), tokenizer: tokenizer, kernels: KernelContext(threads: 1))
            var text = ""
            let work = try completer.prepare([Prompt(.text("\n"), source: "sample")], generation)
            try completer.complete(work) { event in
                if case .finished(let completion, _) = event { text = completion.text ?? "" }
                return true
            }
            return text
        } catch {
            return "(no sample: \(error))"
        }
    }
}
