import LlamaCheckpoints
import Glibc

/// Everything that determines what a training run computes. Saved with the run's state, so that it can be resumed.
package struct TrainingOptions: Sendable, Equatable {
    /// Width of the residual stream.
    package var dim = 192
    /// Number of Transformer blocks.
    package var nLayers = 6
    /// Number of query heads.
    package var nHeads = 6
    /// Number of key-value heads.
    package var nKVHeads = 3
    /// The feed-forward width is rounded up to a multiple of this.
    package var multipleOf = 32
    /// Added to the mean square in norms.
    package var normEpsilon: Double = 1e-5
    /// Base of the rotary positions.
    package var ropeTheta: Double = 10000
    /// Tokens of a sequence.
    package var maxSequenceLength = 256
    /// Sequences of a batch.
    package var batchSize = 10
    /// Batches whose gradients are added before a step.
    package var accumulation = 1
    /// Number of optimizer steps.
    package var steps = 2000
    /// Largest learning rate.
    package var learningRate: Double = 2e-3
    /// Fraction of the learning rate that remains at the last step, reached along a half cosine.
    package var finalLearningRate: Double = 0.02
    /// Steps over which the learning rate rises from 0.
    package var warmup = 100
    /// Decoupled weight decay of matrices; strong, because the toy model sees its small text six times.
    package var weightDecay: Double = 1
    /// Adam's decay of the mean of squared gradients (that of the mean is 0.9).
    package var beta2: Double = 0.99
    /// Gradients with a larger norm are scaled down to this norm; 0 for no limit.
    package var gradientClip: Double = 1
    /// Steps between evaluations.
    package var evalInterval = 250
    /// Batches of an evaluation; 0 for the whole validation split.
    package var evalBatches = 0
    /// Seed of all random numbers.
    package var seed = 1

    /// The options of the toy model, whose 2.5 M weights are small enough to be part of the project.
    package static let toy = TrainingOptions()

    /// The configuration of the widely read articles that build Llama 3 from scratch: dim 512, 8 layers, 8 heads,
    /// 4 kv heads, batches of 10 times 256, 2500 steps of Adam at a constant 1e-3.
    package static var article: TrainingOptions {
        var options = TrainingOptions()
        (options.dim, options.nLayers, options.nHeads, options.nKVHeads, options.multipleOf) = (
            512, 8, 8, 4, 256
        )
        (options.steps, options.warmup, options.finalLearningRate, options.weightDecay) = (2500, 0, 1, 0)
        (options.learningRate, options.beta2, options.gradientClip) = (1e-3, 0.999, 0)
        (options.evalInterval, options.evalBatches) = (10, 10)
        return options
    }

    /// The options of the toy model.
    package init() {}

    /// The model of these options.
    package func configuration(vocabularySize: Int) -> ModelConfiguration {
        ModelConfiguration(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads,
            hiddenDim: ModelConfiguration.hiddenDim(dim: dim, multipleOf: multipleOf),
            vocabularySize: vocabularySize,
            normEpsilon: Float(normEpsilon), ropeTheta: ropeTheta, contextLength: maxSequenceLength)
    }

    /// The learning rate of a step, counted from 1: warm-up, then half a cosine down to the final share.
    package func learningRate(step: Int) -> Double {
        if step <= warmup { return learningRate * Double(step) / Double(warmup) }
        let progress = Double(step - warmup) / Double(max(1, steps - warmup))
        return learningRate
            * (finalLearningRate + (1 - finalLearningRate) * 0.5 * (1 + cos(.pi * min(progress, 1))))
    }

    /// Throws ``TrainingError/invalidOption(_:expected:found:)`` for an option out of its range.
    package func validate() throws(TrainingError) {
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
        // A NaN is outside every range.
        for (option, value, range) in numbers where !range.contains(value) {
            throw .invalidOption(
                option, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
    }
}
