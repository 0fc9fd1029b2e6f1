import LlamaTensors
import LlamaCheckpoints
import Glibc
import LlamaCommands
import LlamaFiles
import LlamaGeneration
import LlamaKernels
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
        guard !text.isEmpty else {
            throw Failure(Failure.badData, "\(options.data): expected a text, found an empty file")
        }
        let earlier = try options.resume.map(RunSettings.init(folder:))
        let training = options.options(over: earlier?.options ?? (options.preset ?? .toy).options)
        try training.validate()
        let (tokenizer, tokenizerBytes) = try makeTokenizer(text, folder: folder)
        let data = try TrainingData(
            text, file: options.data, tokenizer: tokenizer, sequenceLength: training.maxSequenceLength)
        let kernels = try KernelContext(
            instructionSet: .fromEnvironment(), threads: options.threads ?? KernelContext.processorCount)
        if options.resume == nil { try makeFolder(folder, tokenizer: tokenizerBytes) }
        let trainer = try Trainer(
            training, data: data, vocabularySize: tokenizer.vocabularySize, folder: folder,
            resumes: options.resume != nil, dtype: options.dtype?.dtype ?? earlier?.dtype ?? .float16,
            kernels: kernels)
        try train(trainer, folder: folder)
    }

    /// A new run must neither mix its files with those of another nor replace them unasked.
    private func refuseOldRun(in folder: String) throws(Failure) {
        var status = stat()
        if stat(folder, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
            let kind = FilePath.kind(ofMode: status.st_mode)
            throw Failure(
                Failure.cannotCreate, "\(folder): expected a folder, found \(kind); give another name")
        }
        let names = [
            "training.safetensors", "consolidated.safetensors", "params.json", "metrics.jsonl", "loss.svg",
        ]
        for name in names where FilePath(folder + "/" + name).isTaken {
            let resuming = name == "training.safetensors" ? ", or resume it with --resume \(folder)" : ""
            throw Failure(
                Failure.cannotCreate,
                "\(folder): holds a checkpoint or a run already (\(name)); give another folder\(resuming)")
        }
    }

    private func train(_ trainer: Trainer, folder: String) throws {
        var progress = TrainingProgress(trainer, isQuiet: options.quiet, isVerbose: options.verbose)
        progress.begin()
        Interrupt.watch()
        let outcome = try trainer.run { event in
            switch event {
            case .step(let report): progress.show(report)
            case .evaluated(let report):
                progress.show(report, sample: options.quiet ? nil : sample(folder))
            }
            return !Interrupt.isRequested
        }
        progress.end()
        if case .stopped(let step) = outcome {
            throw Failure(
                Failure.interrupted,
                "interrupted; step \(step) is kept: continue with llama-train --data \(options.data) --resume \(folder)"
            )
        }
    }

    /// A tokenizer trained on the text, or an existing one, with the bytes of its `tokenizer.model`.
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
        let location = try TokenizerLocation(at: path)
        let bytes: [UInt8]
        if let file = try location.file() {
            guard [.sentencePiece, .unknown].contains(file.kind) else {
                throw Failure(
                    Failure.badData,
                    "\(path): expected a SentencePiece model, found \(file.kind); training needs a SentencePiece tokenizer"
                )
            }
            bytes = file.bytes
        } else {
            bytes = try location.vocabulary().tokenizerModelFile(file: location.path)
        }
        return (try SentencePieceTokenizer(bytes: bytes, file: location.path), bytes)
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
        let path = folder + "/tokenizer.model"
        // A run that was killed at once leaves the same one.
        if FilePath(path).isTaken, (try? TokenizerFile(path: path).bytes) != tokenizer {
            throw Failure(
                Failure.cannotCreate,
                "\(path): expected nothing there, found another tokenizer; give another folder")
        }
        let file = try AtomicFile(path: path)
        try file.write(tokenizer)
        try file.commit()
    }

    /// Some text of the best checkpoint so far, generated as `llama-run` does.
    private func sample(_ folder: String) -> String {
        do {
            let model = try LoadedModel(at: folder)
            var generation = model.generationOptions
            generation.maxGenerationLength = 120
            generation.sampling.temperature = 0.8
            generation.sampling.topP = 0.95
            generation.sampling.seed = 1
            var text = ""
            try model.completer(kernels: KernelContext(instructionSet: .fromEnvironment(), threads: 1))
                .prepare(
                    [GenerationRequest(Prompt(.text("\n"), source: "sample"), options: generation)],
                    EngineLimits(positions: generation.maxSequenceLength)
                )
                .complete { event in
                    if case .finished(_, let completion, _) = event { text = completion.text ?? "" }
                    return true
                }
            return text
        } catch {
            return "(no sample: \(error))"
        }
    }
}
