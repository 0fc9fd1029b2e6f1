import LlamaCommands
import ArgumentParser
import LlamaTensors
import LlamaTraining

/// `llama-train train`, the default: trains a model, or resumes training.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model and write it as a checkpoint.",
        discussion: """
            The first 80 % of the text are trained on, the next 10 % validate. The folder receives params.json, \
            consolidated.safetensors (the weights of the lowest validation loss), tokenizer.model, metrics.jsonl, \
            loss.svg, and training.safetensors, from which --resume continues. Defaults are in brackets: those of the \
            toy, and of the article where they differ.

            llama-train --data tinyshakespeare.txt --output shakespeare
            llama-train --data tinyshakespeare.txt --resume shakespeare
            """)

    @Option(help: ArgumentHelp("Text to train on (UTF-8).", valueName: "file"))
    var data: String

    @Option(help: ArgumentHelp("Folder for the checkpoint; created if missing.", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("Resume the run whose state is in this folder.", valueName: "dir"))
    var resume: String?

    @Option(help: "toy (the default), or article (the widely read build-Llama-3-from-scratch configuration).")
    var preset: PresetOption?

    @Option(
        help: ArgumentHelp(
            "char (the default) or bpe to train one on the text, or a file.", valueName: "char|bpe|file"))
    var tokenizer: String?

    @Option(help: "Tokens of a bpe tokenizer; default: 1024.")
    var vocabSize: Int?

    @Option(help: "Width of the model (toy 192, article 512).") var dim: Int?
    @Option(help: "Number of Transformer blocks (6, 8).") var nLayers: Int?
    @Option(help: "Number of query heads (6, 8).") var nHeads: Int?
    @Option(help: "Number of key-value heads (3, 4).") var nKvHeads: Int?
    @Option(help: "The feed-forward width is rounded up to a multiple of this (32, 256).") var multipleOf:
        Int?
    @Option(help: "Added to the mean square in norms (1e-5).") var normEps: Double?
    @Option(help: "Base of the rotary positions (10000).") var ropeTheta: Double?
    @Option(help: "Tokens of a sequence (256).") var maxSeqLen: Int?
    @Option(help: "Sequences of a batch (10).") var batchSize: Int?
    @Option(help: "Batches whose gradients are added before a step (1).") var accumulation: Int?
    @Option(
        help: """
            Number of optimizer steps (2000, 2500). With --resume it may differ; the learning rate then follows the \
            schedule of a run of that many steps.
            """) var steps: Int?
    @Option(help: "Largest learning rate (2e-3, 1e-3).") var learningRate: Double?
    @Option(help: "Share of the learning rate left at the end (0.02, 1).") var finalLearningRate: Double?
    @Option(help: "Steps over which the learning rate rises (100, 0).") var warmup: Int?
    @Option(help: "Decoupled weight decay of matrices (1, 0).") var weightDecay: Double?
    @Option(help: "Adam's decay of squared gradients (0.99, 0.999).") var beta2: Double?
    @Option(help: "Largest norm of the gradient; 0 for no limit (1, 0).") var gradClip: Double?
    @Option(help: "Steps between evaluations (250, 10).") var evalInterval: Int?
    @Option(help: "Batches of an evaluation; 0 for the whole split (0, 10).") var evalBatches: Int?
    @Option(help: "Seed of the random numbers (1).") var seed: Int?

    @Option(help: .computingThreads)
    var threads: Int?

    @Option(help: "Type of the weights in the checkpoint; default: float16.")
    var dtype: WeightTypeOption?

    @Flag(help: "Print a line for every tenth step, even if standard error is not a terminal.")
    var verbose = false

    @Flag(help: "Print errors only.")
    var quiet = false

    /// The folder of the run, without a slash at its end.
    var folder: String { Train.trimmed(resume ?? output ?? "") }

    private static func trimmed(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? trimmed(String(path.dropLast())) : path
    }

    func validate() throws {
        guard resume == nil || output == nil || Train.trimmed(output ?? "") == folder else {
            throw ValidationError("--resume: a run is resumed in its own folder; omit --output")
        }
        guard !folder.isEmpty else { throw ValidationError("give a folder with --output") }
        let begins: [(String, Bool)] = [
            ("--preset", preset != nil), ("--tokenizer", tokenizer != nil),
            ("--vocab-size", vocabSize != nil),
        ]
        if resume != nil, let option = begins.first(where: \.1)?.0 {
            throw ValidationError(
                "\(option): a resumed run keeps its own; omit it with --resume")
        }
        guard vocabSize == nil || tokenizer == "bpe" else {
            throw ValidationError(
                "--vocab-size: expected with --tokenizer bpe only")
        }
        try validateThreads(threads)
    }

    func run() throws {
        try TrainSession(self).run()
    }

    /// The options of the preset or of the resumed run, overridden by those given on the command line.
    func options(over base: TrainingOptions) -> TrainingOptions {
        var options = base
        func set<Value>(_ path: WritableKeyPath<TrainingOptions, Value>, _ value: Value?) {
            if let value { options[keyPath: path] = value }
        }
        set(\.dim, dim)
        set(\.nLayers, nLayers)
        set(\.nHeads, nHeads)
        set(\.nKVHeads, nKvHeads)
        set(\.multipleOf, multipleOf)
        set(\.normEpsilon, normEps)
        set(\.ropeTheta, ropeTheta)
        set(\.maxSequenceLength, maxSeqLen)
        set(\.batchSize, batchSize)
        set(\.accumulation, accumulation)
        set(\.steps, steps)
        set(\.learningRate, learningRate)
        set(\.finalLearningRate, finalLearningRate)
        set(\.warmup, warmup)
        set(\.weightDecay, weightDecay)
        set(\.beta2, beta2)
        set(\.gradientClip, gradClip)
        set(\.evalInterval, evalInterval)
        set(\.evalBatches, evalBatches)
        set(\.seed, seed)
        return options
    }
}

/// A set of options with a name.
enum PresetOption: String, ExpressibleByArgument, CaseIterable {
    case toy
    case article

    var options: TrainingOptions {
        switch self {
        case .toy: .toy
        case .article: .article
        }
    }
}

/// How weights are stored.
enum WeightTypeOption: String, ExpressibleByArgument, CaseIterable {
    case float32
    case float16
    case bfloat16

    var dtype: DType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }
}

/// Refuses numbers of threads that no machine has.
func validateThreads(_ threads: Int?) throws {
    if let threads, !(1...1024).contains(threads) {
        throw ValidationError("--threads: expected 1 to 1024, found \(threads)")
    }
}
