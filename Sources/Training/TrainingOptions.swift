import Checkpoints
import Glibc

/// Everything that decides what a training run computes. Written with the run's state, so that it can go on.
public struct TrainingOptions: Sendable, Equatable {
    /// Width of the residual stream.
    public var dim = 192
    /// Number of Transformer blocks.
    public var nLayers = 6
    /// Number of query heads.
    public var nHeads = 6
    /// Number of key-value heads.
    public var nKVHeads = 3
    /// The feed-forward width is rounded up to a multiple of this.
    public var multipleOf = 32
    /// Added to the mean square in norms.
    public var normEpsilon: Double = 1e-5
    /// Base of the rotary positions.
    public var ropeTheta: Double = 10000
    /// Tokens of a sequence.
    public var maxSequenceLength = 256
    /// Sequences of a batch.
    public var batchSize = 10
    /// Batches whose gradients are added before a step.
    public var accumulation = 1
    /// Number of optimizer steps.
    public var steps = 2000
    /// Largest learning rate.
    public var learningRate: Double = 2e-3
    /// Share of the learning rate that is left at the last step; the way there is a half cosine.
    public var finalLearningRate: Double = 0.02
    /// Steps over which the learning rate rises from 0.
    public var warmup = 100
    /// Decoupled weight decay of matrices; strong, because the toy sees its small text six times over.
    public var weightDecay: Double = 1
    /// Adam's decay of the mean of squared gradients (that of the mean is 0.9).
    public var beta2: Double = 0.99
    /// Gradients of a larger norm are scaled down to this; 0 for no limit.
    public var gradientClip: Double = 1
    /// Steps between evaluations.
    public var evalInterval = 250
    /// Batches of an evaluation; 0 for the whole validation split.
    public var evalBatches = 0
    /// Selects all random numbers.
    public var seed = 1

    /// The options of the toy: a model of 2.5 M weights that fits the project.
    public static let toy = TrainingOptions()

    /// The configuration of the widely read articles that build Llama 3 from scratch: dim 512, 8 layers, 8 heads,
    /// 4 kv heads, batches of 10 times 256, 2500 steps of Adam at a constant 1e-3.
    public static var article: TrainingOptions {
        var options = TrainingOptions()
        (options.dim, options.nLayers, options.nHeads, options.nKVHeads, options.multipleOf) = (
            512, 8, 8, 4, 256
        )
        (options.steps, options.warmup, options.finalLearningRate, options.weightDecay) = (2500, 0, 1, 0)
        (options.learningRate, options.beta2, options.gradientClip) = (1e-3, 0.999, 0)
        (options.evalInterval, options.evalBatches) = (10, 10)
        return options
    }

    /// The options of the toy.
    public init() {}

    /// The model of these options.
    public func configuration(vocabularySize: Int) -> ModelConfiguration {
        ModelConfiguration(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads,
            hiddenDim: ModelConfiguration.hiddenDim(dim: dim, multipleOf: multipleOf),
            vocabularySize: vocabularySize,
            normEpsilon: Float(normEpsilon), ropeTheta: ropeTheta, contextLength: maxSequenceLength)
    }

    /// The learning rate of a step, counted from 1: warm-up, then half a cosine down to the final share.
    public func learningRate(step: Int) -> Double {
        if step <= warmup { return learningRate * Double(step) / Double(warmup) }
        let progress = Double(step - warmup) / Double(max(1, steps - warmup))
        return learningRate
            * (finalLearningRate + (1 - finalLearningRate) * 0.5 * (1 + cos(.pi * min(progress, 1))))
    }

    /// Throws where no model or no run can have these options.
    public func validate() throws(TrainingError) {
        let counts: [(String, Int, ClosedRange<Int>)] = [
            ("--dim", dim, 2...65536), ("--n-layers", nLayers, 1...1024), ("--n-heads", nHeads, 1...1024),
            ("--n-kv-heads", nKVHeads, 1...1024), ("--multiple-of", multipleOf, 1...65536),
            ("--max-seq-len", maxSequenceLength, 1...131_072), ("--batch-size", batchSize, 1...65536),
            ("--accumulation", accumulation, 1...65536), ("--steps", steps, 1...1_000_000_000),
            ("--warmup", warmup, 0...1_000_000_000), ("--eval-interval", evalInterval, 1...1_000_000_000),
            ("--eval-batches", evalBatches, 0...1_000_000_000),
        ]
        for (option, value, range) in counts where !range.contains(value) {
            throw .invalidOption(
                option, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
        guard dim.isMultiple(of: nHeads), (dim / nHeads).isMultiple(of: 2) else {
            throw .invalidOption(
                "--n-heads", expected: "heads of even width in dim \(dim)", found: "\(nHeads)")
        }
        guard nHeads.isMultiple(of: nKVHeads) else {
            throw .invalidOption(
                "--n-kv-heads", expected: "a divisor of \(nHeads) heads", found: "\(nKVHeads)")
        }
        let numbers: [(String, Double, ClosedRange<Double>)] = [
            ("--learning-rate", learningRate, 1e-12...1e30),
            ("--final-learning-rate", finalLearningRate, 0...1),
            ("--weight-decay", weightDecay, 0...1e6), ("--beta2", beta2, 0...0.999_999_999),
            ("--grad-clip", gradientClip, 0...1e30), ("--norm-eps", normEpsilon, 1e-12...1),
            ("--rope-theta", ropeTheta, 1...1e12),
        ]
        // A NaN lies in no range.
        for (option, value, range) in numbers where !range.contains(value) {
            throw .invalidOption(
                option, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
    }
}
