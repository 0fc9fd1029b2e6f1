import CLlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct TrainingOptimizerTests {
    static let hyperparameters = lk_adamw(
        learning_rate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.1, correction1: 0,
        correction2: 0, gradient_scale: 0.5)

    @Test(arguments: instructionSets, [1, 15, 33])
    func stepsAsAdamWDoes(_ set: InstructionSet, count: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        var numbers = SeededGenerator(seed: 1)
        var weights = numbers.floats(count)
        var (m, v) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
        var exact = (weights: doubles(weights), m: doubles(m), v: doubles(v))
        var step = Self.hyperparameters
        var (power1, power2) = (1.0, 1.0)
        for _ in 0..<10 {
            power1 *= step.beta1
            power2 *= step.beta2
            (step.correction1, step.correction2) = (1 - power1, 1 - power2)
            let gradients = numbers.floats(count)
            lk_adamw_step(context.handle, &step, &weights, gradients, &m, &v, count)
            for i in 0..<count {
                let gradient = Double(gradients[i]) * step.gradient_scale
                exact.m[i] = step.beta1 * exact.m[i] + (1 - step.beta1) * gradient
                exact.v[i] = step.beta2 * exact.v[i] + (1 - step.beta2) * gradient * gradient
                let direction =
                    exact.m[i] / step.correction1
                    / ((exact.v[i] / step.correction2).squareRoot() + step.epsilon)
                exact.weights[i] -=
                    step.learning_rate * (direction + step.weight_decay * exact.weights[i])
            }
        }
        expectClose(weights, exact.weights, steps: 64, "weights")
        expectClose(m, exact.m, steps: 64, "m")
        expectClose(v, exact.v, steps: 64, "v")
    }

    @Test(arguments: instructionSets, [0, 1, 63, 65, 1000])
    func sumsSquaresInDouble(_ set: InstructionSet, count: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        var numbers = SeededGenerator(seed: 2)
        let x = numbers.floats(count).map { $0 * 1e25 }
        let exact = doubles(x).reduce(0) { $0 + $1 * $1 }
        #expect(abs(lk_sum_of_squares(context.handle, x, count) - exact) <= 1e-12 * exact)
    }

    @Test(arguments: instructionSets)
    func isTheSameOnAnyTeam(_ set: InstructionSet) throws {
        let count = 40001
        var numbers = SeededGenerator(seed: 3)
        let gradients = numbers.floats(count)
        var step = Self.hyperparameters
        (step.correction1, step.correction2) = (0.1, 0.001)
        var squares: Set<UInt64> = []
        try expectSameBits(set) { context in
            var (weights, m) = (gradients, gradients)
            var v = gradients.map(abs)
            lk_adamw_step(context.handle, &step, &weights, gradients, &m, &v, count)
            squares.insert(lk_sum_of_squares(context.handle, gradients, count).bitPattern)
            return [weights, m, v]
        }
        #expect(squares.count == 1)
    }
}

@Suite struct TrainingEmbeddingTests {
    @Test(arguments: instructionSets, [1, 31, 33, 70])
    func looksUpRowsAndAddsGradientsInOrder(_ set: InstructionSet, dim: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        var numbers = SeededGenerator(seed: 1)
        let (rows, classes) = (9, 5)
        let ids = (0..<rows).map { Int32($0 * $0 % classes) }
        let weight = numbers.floats(classes * dim)
        var out = [Float](repeating: .nan, count: rows * dim)
        lk_embedding_rows(context.handle, weight, ids, &out, rows, dim)
        #expect(out == ids.flatMap { weight[Int($0) * dim..<Int($0 + 1) * dim] })

        let dx = numbers.floats(rows * dim)
        var dweight = numbers.floats(classes * dim)
        var expected = dweight
        for i in dx.indices { expected[Int(ids[i / dim]) * dim + i % dim] += dx[i] }
        lk_embedding_backward(context.handle, dx, ids, &dweight, rows, dim)
        #expect(bits(dweight) == bits(expected))
    }

    @Test(arguments: instructionSets)
    func isTheSameOnAnyTeam(_ set: InstructionSet) throws {
        let (rows, classes, dim) = (400, 7, 100)
        var numbers = SeededGenerator(seed: 2)
        let ids = (0..<rows).map { Int32($0 * 3 % classes) }
        let weight = numbers.floats(classes * dim)
        try expectSameBits(set) { context in
            var out = [Float](repeating: .nan, count: rows * dim)
            var dweight = weight
            lk_embedding_rows(context.handle, weight, ids, &out, rows, dim)
            lk_embedding_backward(context.handle, out, ids, &dweight, rows, dim)
            return [out, dweight]
        }
    }
}
