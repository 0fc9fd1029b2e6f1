import LlamaKernels

/// AdamW with bias correction and clipping by the gradient's norm (Loshchilov and Hutter 2019).
struct AdamW {
    private let options: TrainingOptions
    private let parameters: ParameterSet
    private let kernels: KernelContext
    /// Runs of neighbouring tensors that decay alike.
    private let runs: [(offset: Int, count: Int, decays: Bool)]

    init(_ options: TrainingOptions, _ parameters: ParameterSet, _ kernels: KernelContext) {
        self.options = options
        self.parameters = parameters
        self.kernels = kernels
        var runs: [(offset: Int, count: Int, decays: Bool)] = []
        for slice in parameters.slices {
            if let last = runs.last, last.decays == slice.decays {
                runs[runs.count - 1].count += slice.count
            } else {
                runs.append((slice.offset, slice.count, slice.decays))
            }
        }
        self.runs = runs
    }

    /// The norm of all gradients together.
    func gradientNorm() -> Double {
        kernels.sumOfSquares(parameters.gradients.base, count: parameters.count).squareRoot()
    }

    /// Updates the weights by the gradients, scaled down where their norm is above the limit.
    func update(step: Int, gradientNorm: Double) {
        let limit = options.gradientClip
        let scale = limit > 0 && gradientNorm > limit ? limit / gradientNorm : 1
        for run in runs {
            let update = AdamWUpdate(
                learningRate: options.learningRate(step: step), beta1: 0.9, beta2: options.beta2,
                epsilon: 1e-8, weightDecay: run.decays ? options.weightDecay : 0, step: step,
                gradientScale: scale)
            update.apply(
                weights: parameters.weights.base + run.offset,
                gradients: parameters.gradients.base + run.offset,
                m: parameters.moments.first.base + run.offset, v: parameters.moments.second.base + run.offset,
                count: run.count, on: kernels)
        }
    }
}
