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
        let loss = model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
        #expect(abs(loss - Double(fixture.losses[0])) < 1e-5)
        for slice in model.parameters.slices {
            let name = TensorNaming.meta.name(of: slice.role)
            let expected = try fixture.floats("gradients.\(name)")
            let mine = UnsafeBufferPointer(start: model.parameters.gradient(slice.role), count: slice.count)
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
        _ = model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
        for slice in model.parameters.slices {
            // Along the gradient itself the loss changes most, so that float32 can tell.
            let gradient = Array(
                UnsafeBufferPointer(start: model.parameters.gradient(slice.role), count: slice.count))
            let weights = model.parameters.weight(slice.role)
            let before = Array(UnsafeBufferPointer(start: weights, count: slice.count))
            let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let step: Float = 2e-2
            func loss(_ sign: Float) -> Double {
                for index in 0..<slice.count {
                    weights[index] = before[index] + sign * step * gradient[index] / norm
                }
                return model.loss(inputs: batch.inputs, targets: batch.targets)
            }
            let slope = (loss(1) - loss(-1)) / Double(2 * step)
            weights.update(from: before, count: slice.count)
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
            let loss = model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
            let norm = optimizer.gradientNorm()
            #expect(abs(loss - Double(fixture.losses[index])) < 1e-4, "step \(index)")
            #expect(abs(norm - Double(fixture.norms[index])) < 1e-4 * norm, "step \(index)")
            optimizer.update(step: index + 1, gradientNorm: norm)
        }
    }

    @Test func accumulatedBatchesGiveTheMeanGradient() throws {
        let fixture = try TrainingFixture()
        let model = try fixture.model()
        let parts = fixture.batches.prefix(2).map { batch -> [Float] in
            model.parameters.clearGradients()
            _ = model.accumulateGradients(inputs: batch.inputs, targets: batch.targets)
            return Array(
                UnsafeBufferPointer(start: model.parameters.gradients.base, count: model.parameters.count))
        }
        model.parameters.clearGradients()
        for batch in fixture.batches.prefix(2) {
            _ = model.accumulateGradients(inputs: batch.inputs, targets: batch.targets, scale: 0.5)
        }
        for index in 0..<model.parameters.count {
            let mean = (parts[0][index] + parts[1][index]) / 2
            #expect(abs(model.parameters.gradients.base[index] - mean) < 1e-6)
        }
    }

    @Test func targetsThatDoNotCountChangeNothing() throws {
        let fixture = try TrainingFixture()
        let model = try fixture.model()
        let batch = fixture.batches[0]
        var targets = batch.targets
        for index in stride(from: 0, to: targets.count, by: 2) { targets[index] = -1 }
        let half = model.accumulateGradients(inputs: batch.inputs, targets: targets)
        #expect(abs(half - model.loss(inputs: batch.inputs, targets: targets)) < 1e-6)
        #expect(half != model.loss(inputs: batch.inputs, targets: batch.targets))
    }
}
