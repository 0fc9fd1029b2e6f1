import Foundation
import LlamaKernels
import Testing

@testable import LlamaCheckpoints
@testable import LlamaTraining

/// Gradients and optimizer steps against PyTorch (`tools/make_training_fixture.py`), and against finite differences.
struct GradientTests {
    @Test func everyGradientAgreesWithPyTorch() throws {
        let fixture = try TrainingFixture()
        let model = try fixture.model()
        let batch = fixture.batches[0]
        let loss = try model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
        #expect(abs(loss - Double(fixture.losses[0])) < 1e-5)
        for slice in model.parameters.slices {
            let name = TensorNaming.meta.name(of: slice.role)
            let expected = try fixture.floats("gradients.\(name)")
            let mine = try model.parameters.parameter(slice.role).gradient.elements
            // Relative to the tensor's largest gradient: single elements may be zero but for rounding.
            let scale = expected.map(abs).max() ?? 0
            let error = zip(mine, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(scale > 0)
            #expect(error <= 1e-4 * scale, "\(name): \(error / scale)")
        }
    }

    @Test func everyTensorsGradientAgreesWithFiniteDifferences() throws {
        let fixture = try TrainingFixture()
        let model = try fixture.model()
        let batch = fixture.batches[0]
        _ = try model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
        for slice in model.parameters.slices {
            // Along the gradient itself the loss changes most, so that float32 can tell.
            let parameter = try model.parameters.parameter(slice.role)
            let gradient = parameter.gradient.elements
            let before = parameter.weight.elements
            let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let step: Float = 2e-2
            func loss(_ sign: Float) throws -> Double {
                try parameter.weight.copy(zip(before, gradient).map { $0 + sign * step * $1 / norm })
                return try model.loss(inputs: batch.inputs, targets: batch.targets)
            }
            let slope = (try loss(1) - loss(-1)) / Double(2 * step)
            try parameter.weight.copy(before)
            #expect(
                abs(slope / Double(norm) - 1) < 2e-2,
                "\(TensorNaming.meta.name(of: slice.role)): \(slope), \(norm)")
        }
    }

    @Test(arguments: [1, 2, 3])
    func tenStepsOfAdamWGiveTheLossesOfPyTorch(threads: Int) throws {
        let fixture = try TrainingFixture()
        let model = try fixture.model(threads: threads)
        var options = TrainingOptions()
        (options.learningRate, options.finalLearningRate, options.warmup) = (1e-2, 1, 0)
        (options.weightDecay, options.beta2, options.gradientClip) = (0.1, 0.99, 1)
        let optimizer = AdamW(options, model.parameters, try KernelContext(threads: threads))
        for (index, batch) in fixture.batches.enumerated() {
            model.parameters.clearGradients()
            let loss = try model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
            let norm = optimizer.gradientNorm()
            #expect(abs(loss - Double(fixture.losses[index])) < 1e-4, "step \(index)")
            #expect(abs(norm - Double(fixture.norms[index])) < 1e-4 * norm, "step \(index)")
            try optimizer.update(step: index + 1, gradientNorm: norm)
        }
    }

    @Test func accumulatedBatchesGiveTheMeanGradient() throws {
        let fixture = try TrainingFixture()
        let model = try fixture.model()
        let parts = try fixture.batches.prefix(2).map { batch -> [Float] in
            model.parameters.clearGradients()
            _ = try model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
            return model.parameters.gradients.elements
        }
        model.parameters.clearGradients()
        for batch in fixture.batches.prefix(2) {
            _ = try model.accumulateGradients(inputs: batch.inputs, targets: batch.targets, scale: 0.5)
        }
        let gradients = model.parameters.gradients.elements
        #expect(gradients.count == model.parameters.count)
        for index in gradients.indices {
            let mean = (parts[0][index] + parts[1][index]) / 2
            #expect(abs(gradients[index] - mean) < 1e-6)
        }
    }

    @Test func targetsThatDoNotCountChangeNothing() throws {
        let fixture = try TrainingFixture()
        let model = try fixture.model()
        let batch = fixture.batches[0]
        var targets = batch.targets
        for index in stride(from: 0, to: targets.count, by: 2) { targets[index] = -1 }
        let half = try model.accumulateGradients(inputs: batch.inputs, targets: targets)
        #expect(try abs(half - model.loss(inputs: batch.inputs, targets: targets)) < 1e-6)
        #expect(try half != model.loss(inputs: batch.inputs, targets: batch.targets))
    }
}
