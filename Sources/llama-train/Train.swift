import ArgumentParser
import CommandSupport
import Training

/// `llama-train train`, the default: train a model, or go on with one.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model and write it as a checkpoint.",
        discussion: """
            The first 80 % of the text are trained on, the next 10 % validate. The folder gets params.json, \
            consolidated.safetensors (the weights of the lowest validation loss), tokenizer.model, metrics.jsonl, \
            loss.svg, and training.safetensors, from which --resume goes on.

            llama-train --data tinyshakespeare.txt --output shakespeare
            llama-train --data tinyshakespeare.txt --resume shakespeare
            """)

    @Option(help: ArgumentHelp("Text to train on (UTF-8).", valueName: "file"))
    var data: String

    @Option(help: ArgumentHelp("Folder for the checkpoint; made where it is missing.", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("Go on with the run whose state is in this folder.", valueName: "dir"))
    var resume: String?

    @Option(help: "toy, or article (the widely read build-Llama-3-from-scratch configuration).")
    var preset: PresetOption = .toy

    @Option(
        help: ArgumentHelp("char or bpe to train one on the text, or a file.", valueName: "char|bpe|file"))
    var tokenizer = "char"

    @Option(help: "Tokens of a bpe tokenizer.")
    var vocabSize: Int?

    @Option(help: "Width of the model.") var dim: Int?
    @Option(help: "Number of Transformer blocks.") var nLayers: Int?
    @Option(help: "Number of query heads.") var nHeads: Int?
    @Option(help: "Number of key-value heads.") var nKvHeads: Int?
    @Option(help: "The feed-forward width is rounded up to a multiple of this.") var multipleOf: Int?
    @Option(help: "Added to the mean square in norms.") var normEps: Double?
    @Option(help: "Base of the rotary positions.") var ropeTheta: Double?
    @Option(help: "Tokens of a sequence.") var maxSeqLen: Int?
    @Option(help: "Sequences of a batch.") var batchSize: Int?
    @Option(help: "Batches whose gradients are added before a step.") var accumulation: Int?
    @Option(help: "Number of optimizer steps.") var steps: Int?
    @Option(help: "Largest learning rate.") var learningRate: Double?
    @Option(help: "Share of the learning rate left at the end.") var finalLearningRate: Double?
    @Option(help: "Steps over which the learning rate rises.") var warmup: Int?
    @Option(help: "Decoupled weight decay of matrices.") var weightDecay: Double?
    @Option(help: "Adam's decay of squared gradients.") var beta2: Double?
    @Option(help: "Largest norm of the gradient; 0 for no limit.") var gradClip: Double?
    @Option(help: "Steps between evaluations.") var evalInterval: Int?
    @Option(help: "Batches of an evaluation; 0 for the whole split.") var evalBatches: Int?
    @Option(help: "Selects the random numbers.") var seed: Int?

    @Option(help: "Threads to compute with; default: the processors this process may use.")
    var threads: Int?

    @Option(help: "Type of the weights in the checkpoint.")
    var dtype: WeightTypeOption = .float16

    @Flag(help: "Print a line for every tenth step, even where standard error is no terminal.")
    var verbose = false

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    func validate() throws {
        guard resume == nil || output == nil || resume == output else {
            throw ValidationError("--resume: a run goes on in its own folder; leave --output out")
        }
        guard resume != nil || output != nil else { throw ValidationError("give a folder with --output") }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads: expected 1 to 1024, found \(threads)")
        }
    }

    func run() throws {
        try reportingFailures("llama-train", Failure.init(training:)) { try TrainSession(self).run() }
    }

    /// The options of the preset, or of the run that is resumed, with those that were given in their place.
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
}
