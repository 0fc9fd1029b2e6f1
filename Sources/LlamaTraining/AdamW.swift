import LlamaKernels

/// AdamW with bias correction and clipping by the gradient's norm (Loshchilov and Hutter 2019).
struct AdamW {
    private let options: TrainingOptions
    private let parameters: ParameterSet
    private let kernels: KernelContext
    /// Runs of neighboring tensors that decay alike.
    private let runs: [(range: Range<Int>, decays: Bool)]

    init(_ options: TrainingOptions, _ parameters: ParameterSet, _ kernels: KernelContext) {
        self.options = options
        self.parameters = parameters
        self.kernels = kernels
        var runs: [(range: Range<Int>, decays: Bool)] = []
        for slice in parameters.slices {
            if let last = runs.last, last.decays == slice.decays {
                runs[runs.count - 1].range = last.range.lowerBound..<slice.range.upperBound
            } else {
                runs.append((slice.range, slice.decays))
            }
        }
        self.runs = runs
    }

    /// The norm of all gradients together.
    func gradientNorm() -> Double {
        kernels.sumOfSquares(parameters.gradients).squareRoot()
    }

    /// Updates the weights by the gradients, scaled down where their norm is above the limit.
    func update(step: Int, gradientNorm: Double) throws(KernelError) {
        let limit = options.gradientClip
        let scale = limit > 0 && gradientNorm > limit ? limit / gradientNorm : 1
        for run in runs {
            let update = AdamWUpdate(
                learningRate: options.learningRate(step: step), beta1: 0.9, beta2: options.beta2,
                epsilon: 1e-8, weightDecay: run.decays ? options.weightDecay : 0, step: step,
                gradientScale: scale)
            try update.apply(
                weights: parameters.weights.rows(run.range), gradients: parameters.gradients.rows(run.range),
                firstMoment: parameters.firstMoments.rows(run.range),
                secondMoment: parameters.secondMoments.rows(run.range), on: kernels)
        }
    }
}
