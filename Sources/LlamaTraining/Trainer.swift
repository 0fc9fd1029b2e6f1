import LlamaConversion
import LlamaFiles
import LlamaCheckpoints
import LlamaKernels
import LlamaTensors

/// Trains a Llama on a text and writes it as a checkpoint like any other.
///
/// The folder gets `params.json` and `consolidated.safetensors` (the weights of the lowest validation loss),
/// `metrics.jsonl`, `loss.svg`, and `training.safetensors`, from which a run is resumed. Each is written under a temporary
/// name and then renamed.
package final class Trainer {
    /// Progress of a run.
    package enum Event {
        /// A step is complete.
        case step(StepReport)
        /// The model was evaluated, and written if it is the best so far.
        case evaluated(EvaluationReport)
    }

    /// How a run ended.
    package enum Outcome: Sendable {
        /// All steps are complete.
        case completed
        /// The observer asked to stop; the state after this step was written.
        case stopped(step: Int)
    }

    /// The options of the run.
    package var options: TrainingOptions { state.options }
    /// Number of weights.
    package var parameterCount: Int { parameters.count }
    /// Steps completed before this run began.
    package let firstStep: Int
    private let folder: String
    private let data: TrainingData
    private let dtype: DType
    private let kernels: KernelContext
    let parameters: ParameterSet
    private let model: TrainableTransformer
    private let optimizer: AdamW
    private let validation: [(inputs: [Int32], targets: [Int32])]
    private var state: TrainingState
    private var metrics: Metrics
    private var lastWritten: Int?
    private let stateInterval: Int
    private var changesSteps = false

    /// Prepares a new run or, if `resumes` is set, resumes the one whose state is in `folder`.
    ///
    /// A resumed run keeps its options, except the number of steps: with another one, the learning rate follows from
    /// there on the schedule of a run of that many steps.
    ///
    /// - Parameters:
    ///   - dtype: Of the weights in the checkpoint: F32, F16 or BF16. The run's own state is float32.
    ///   - stateInterval: Minimum number of steps between two states; they are written at evaluations. A state takes
    ///     twelve bytes per weight, so writing one at every evaluation could take longer than training.
    package init(
        _ options: TrainingOptions, data: TrainingData, vocabularySize: Int, folder: String,
        resumes: Bool = false,
        dtype: DType = .float16, stateInterval: Int = 250, kernels: KernelContext
    ) throws {
        try options.validate()
        self.folder = folder
        self.data = data
        self.dtype = dtype
        self.kernels = kernels
        self.stateInterval = stateInterval
        let blas = try OpenBLAS()
        state = TrainingState(
            options: options, vocabularySize: vocabularySize, dataDigest: data.digest, dtype: dtype)
        metrics = Metrics()
        if resumes {
            let found = try TrainingState(folder: folder)
            try Trainer.check(state, against: found, folder: folder)
            changesSteps = options.steps != found.options.steps
            state = found
            state.options.steps = options.steps
            metrics = try Metrics(folder: folder, upTo: found.step)
        }
        firstStep = state.step
        lastWritten = resumes ? state.step : nil
        parameters = try ParameterSet(options.configuration(vocabularySize: vocabularySize))
        if state.step > 0 {
            try TrainingState.restore(parameters, folder: folder)
        } else {
            parameters.initialize(seed: UInt64(bitPattern: Int64(options.seed)))
        }
        model = try TrainableTransformer(
            parameters, batch: options.batchSize, length: options.maxSequenceLength, kernels: kernels,
            blas: blas)
        optimizer = AdamW(options, parameters, kernels)
        let batches = data.validationBatches(count: options.batchSize, length: options.maxSequenceLength)
        validation = options.evalBatches == 0 ? batches : Array(batches.prefix(options.evalBatches))
    }

    /// Runs to the last step.
    ///
    /// - Parameter observe: Called with each event; returns whether to continue.
    /// - Throws: ``TrainingError``; the last files written remain usable.
    package func run(_ observe: (Event) -> Bool) throws(TrainingError) -> Outcome {
        let clock = ContinuousClock()
        let tokens = options.batchSize * options.maxSequenceLength * options.accumulation
        if firstStep == 0 {
            try writing { () throws(AtomicFile.Failure) in
                // First of all files, so that a folder with any other can be resumed.
                try state.write(parameters, folder: folder)
                try writeParams()
            }
        } else if changesSteps {
            try writeState()
        }
        while state.step < options.steps {
            let start = clock.now
            let (loss, norm) = try step()
            let report = StepReport(
                step: state.step, loss: loss, gradientNorm: norm, tokens: tokens, time: clock.now - start)
            let isEvaluated = state.step.isMultiple(of: options.evalInterval) || state.step == options.steps
            var goesOn = observe(.step(report))
            if isEvaluated { goesOn = observe(.evaluated(try evaluate())) && goesOn }
            if !goesOn {
                try writeState()
                return state.step == options.steps ? .completed : .stopped(step: state.step)
            }
        }
        return .completed
    }

    private func step() throws(TrainingError) -> (loss: Double, norm: Double) {
        let step = state.step + 1
        parameters.clearGradients()
        var loss = 0.0
        for part in 0..<options.accumulation {
            let batch = data.batch(
                step: step, part: part, count: options.batchSize, length: options.maxSequenceLength,
                seed: options.seed)
            loss += try computing { () throws(KernelError) in
                try model.accumulateGradients(
                    inputs: batch.inputs, targets: batch.targets, scale: 1 / Float(options.accumulation))
            }
        }
        loss /= Double(options.accumulation)
        let norm = optimizer.gradientNorm()
        guard loss.isFinite, norm.isFinite else {
            throw diverged(step)
        }
        try computing { () throws(KernelError) in try optimizer.update(step: step, gradientNorm: norm) }
        state.step = step
        if step.isMultiple(of: 10) || step == 1 {
            let rate = options.learningRate(step: step)
            metrics.append(Metrics.Point(step: step, training: (loss, rate, norm)))
        }
        return (loss, norm)
    }

    private func evaluate() throws(TrainingError) -> EvaluationReport {
        var (sum, count) = (0.0, 0)
        for batch in validation {
            let counted = batch.targets.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) }
            let loss = try computing { () throws(KernelError) in
                try model.loss(inputs: batch.inputs, targets: batch.targets)
            }
            sum += loss * Double(counted)
            count += counted
        }
        let loss = sum / Double(max(count, 1))
        guard loss.isFinite else { throw diverged(state.step) }
        metrics.append(Metrics.Point(step: state.step, validationLoss: loss))
        let isBest = loss < state.best?.loss ?? .infinity
        if isBest {
            try checkRange()
            state.best = (loss, state.step)
            try writing { () throws(AtomicFile.Failure) in
                try MetaCheckpointWriter.writeWeights(
                    parameters.configuration, dtype: dtype, folder: folder, values: parameters.values)
            }
        }
        if state.step - (lastWritten ?? 0) >= stateInterval || state.step == options.steps {
            try writeState()
        }
        return EvaluationReport(step: state.step, validationLoss: loss, isBest: isBest, folder: folder)
    }

    private func writeParams() throws(AtomicFile.Failure) {
        try MetaCheckpointWriter.writeParams(
            parameters.configuration, multipleOf: options.multipleOf, folder: folder)
    }

    private func diverged(_ step: Int) -> TrainingError {
        .lossNotFinite(step: step, lastGood: state.best.map { "\(folder) (step \($0.step))" })
    }

    /// Refuses to write weights that overflow the checkpoint's type.
    private func checkRange() throws(TrainingError) {
        guard dtype == .float16 else { return }
        let largest = Float(Float16.greatestFiniteMagnitude)
        for slice in parameters.slices
        where parameters.values(slice.role).contains(where: { abs($0) > largest }) {
            throw .weightOutOfRange(TensorNaming.meta.name(of: slice.role), step: state.step)
        }
    }

    private func writeState() throws(TrainingError) {
        // The last update has not been evaluated yet: a diverged one must not overwrite a good state.
        guard kernels.sumOfSquares(parameters.weights).isFinite else {
            throw diverged(state.step)
        }
        try writing { () throws(AtomicFile.Failure) in
            try metrics.write(folder: folder)
            try state.write(parameters, folder: folder)
        }
        lastWritten = state.step
    }

    private func computing<Result>(
        _ body: () throws(KernelError) -> Result
    ) throws(TrainingError) -> Result {
        do { return try body() } catch { throw .kernels(error) }
    }

    private func writing(_ body: () throws(AtomicFile.Failure) -> Void) throws(TrainingError) {
        do {
            try body()
        } catch {
            throw .cannotWrite("\(error)")
        }
    }

    private static func check(
        _ asked: TrainingState, against found: TrainingState, folder: String
    ) throws(TrainingError) {
        let file = folder + "/" + TrainingState.fileName
        guard asked.options.steps >= found.step else {
            throw .invalidOption(
                "--steps", expected: "at least the \(found.step) steps that \(folder) has completed",
                found: "\(asked.options.steps)")
        }
        var options = asked.options
        options.steps = found.options.steps
        if let difference = options.difference(from: found.options) {
            throw .otherRun(
                file: file, option: difference.name, expected: difference.mine, found: difference.theirs)
        }
        if asked.vocabularySize != found.vocabularySize {
            throw .otherRun(
                file: file, option: "vocab_size", expected: "\(asked.vocabularySize)",
                found: "\(found.vocabularySize)")
        }
        if asked.dtype != found.dtype {
            throw .otherRun(
                file: file, option: "dtype", expected: asked.dtype.rawValue, found: found.dtype.rawValue)
        }
        if asked.dataDigest != found.dataDigest {
            throw .invalidState(
                file: file, expected: "the text and the tokenizer that the run began with", found: "others",
                isMissing: false)
        }
    }
}

/// A completed step.
package struct StepReport: Sendable {
    /// Its number, from 1.
    package let step: Int
    /// Mean loss of its batch, in nats per token.
    package let loss: Double
    /// Norm of the gradient before clipping.
    package let gradientNorm: Double
    /// Tokens of the batch.
    package let tokens: Int
    /// Wall-clock time of the step.
    package let time: Duration
}

/// An evaluation.
package struct EvaluationReport: Sendable {
    /// The step after which it was made.
    package let step: Int
    /// Mean loss on the validation split, in nats per token.
    package let validationLoss: Double
    /// Whether this is the lowest loss so far, so that the checkpoint was written.
    package let isBest: Bool
    /// The folder that holds the checkpoint.
    package let folder: String
}
