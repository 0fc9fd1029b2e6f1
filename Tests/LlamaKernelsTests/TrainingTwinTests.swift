import CLlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// The vector loops of training against the plain ones, at sizes around those of vectors and at any alignment: the same bits.
@Suite struct TrainingTwinTests {
    static let sets = instructionSets.filter { $0 != .reference }
    static let sizes = Array(1...35) + [47, 48, 49, 63, 64, 65, 66, 127, 130, 257]

    /// Runs `operation` with the reference and with `set` on copies of the inputs, and compares all of them after it.
    private func compare(
        _ set: InstructionSet, _ inputs: [[Float]], _ comment: Comment,
        operation: (OpaquePointer, [UnsafeMutablePointer<Float>]) -> Void
    ) throws {
        let reference = try KernelContext(instructionSet: .reference, threads: 1)
        let context = try KernelContext(instructionSet: set, threads: 2)
        let expected = inputs.map { GuardedFloats($0, offset: 0) }
        // Each buffer has another alignment, and each size others.
        let found = inputs.enumerated().map { GuardedFloats($1, offset: ($0 * 5 + $1.count * 3) % 16) }
        operation(reference.handle, expected.map(\.pointer))
        operation(context.handle, found.map(\.pointer))
        for (expected, found) in zip(expected, found) {
            #expect(expected.areGuardsIntact && found.areGuardsIntact, comment)
            #expect(bits(found.values) == bits(expected.values), comment)
        }
    }

    @Test(arguments: sets) func norms(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 1)
        for dim in Self.sizes {
            let rows = 3
            let (x, weight, dout) = (
                numbers.floats(rows * dim), numbers.floats(dim), numbers.floats(rows * dim)
            )
            let (dx, dweight) = (numbers.floats(rows * dim), numbers.floats(dim))
            let blank = [Float](repeating: 0, count: rows * dim)
            let scratch = [Float](repeating: 0, count: lk_norm_scratch(dim))
            let inputs = [x, weight, blank, [0, 0, 0], dout, dx, dweight, scratch]
            try compare(set, inputs, "dim \(dim)") { context, p in
                lk_rms_norm_forward(context, p[0], p[1], 1e-5, p[2], p[3], rows, dim)
                lk_rms_norm_backward(context, p[4], p[0], p[1], p[3], p[5], p[6], p[7], rows, dim)
            }
        }
    }

    @Test(arguments: sets) func rotations(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 2)
        for headDim in Self.sizes.map({ 2 * $0 }) {
            let (rows, heads) = (3, 2)
            let x = numbers.floats(rows * heads * headDim)
            let (cosines, sines) = (numbers.floats(rows * headDim / 2), numbers.floats(rows * headDim / 2))
            for backward in [false, true] {
                try compare(set, [x, cosines, sines], "headDim \(headDim)") { context, p in
                    lk_rope_rows(context, p[0], rows, rows, heads, headDim, p[1], p[2], backward)
                }
            }
        }
    }

    @Test(arguments: sets) func swiglu(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 3)
        for count in Self.sizes {
            let gate = numbers.floats(count).map { $0 * 12 }
            let (up, dout) = (numbers.floats(count), numbers.floats(count))
            let blank = [Float](repeating: 0, count: count)
            try compare(set, [gate, up, dout, blank, blank, blank], "count \(count)") {
                context, p in
                lk_swiglu_forward(context, p[0], p[1], p[3], count)
                lk_swiglu_backward(context, p[2], p[0], p[1], p[4], p[5], count)
            }
        }
    }

    @Test(arguments: sets) func losses(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 4)
        for classes in Self.sizes {
            let rows = 3
            let logits = numbers.floats(rows * classes).map { $0 * 20 }
            let targets = (0..<rows).map { Int32($0 * 7 % classes) }
            let inputs = [logits, [0, 0, 0], [0, 0, 0]]
            try compare(set, inputs, "classes \(classes)") { context, p in
                lk_cross_entropy_loss(context, p[0], targets, p[2], rows, classes)
                lk_cross_entropy(context, p[0], targets, 0.3, p[1], rows, classes)
            }
        }
    }

    @Test(arguments: sets) func embeddingGradients(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 5)
        for dim in Self.sizes {
            let inputs = [numbers.floats(4 * dim), numbers.floats(3 * dim)]
            try compare(set, inputs, "dim \(dim)") { context, p in
                lk_embedding_backward(context, p[0], [1, 0, 1, 2], p[1], 4, dim)
            }
        }
    }

    @Test(arguments: sets) func steps(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 6)
        for count in Self.sizes {
            let (weights, gradients, m) = (
                numbers.floats(count), numbers.floats(count), numbers.floats(count)
            )
            let v = numbers.floats(count).map { $0 * $0 }
            var step = TrainingOptimizerTests.hyperparameters
            (step.correction1, step.correction2) = (1 - step.beta1, 1 - step.beta2)
            var squares: [Double] = []
            try compare(set, [weights, gradients, m, v], "count \(count)") { context, p in
                lk_adamw_step(context, &step, p[0], p[1], p[2], p[3], count)
                squares.append(lk_sum_of_squares(context, p[1], count))
            }
            #expect(squares[0] == squares[1])
        }
    }

    @Test(arguments: sets) func attention(_ set: InstructionSet) throws {
        let sgemm = try OpenBLAS().sgemm
        var numbers = SeededGenerator(seed: 7)
        for (length, headDim) in [(1, 1), (5, 15), (17, 16), (33, 17), (50, 9), (66, 40)] {
            var shape = lk_causal_shape(
                batch: 2, length: length, n_heads: 4, n_kv_heads: 2, head_dim: headDim,
                scale: 1 / Float(headDim).squareRoot())
            let (queries, keys) = (2 * length * 4 * headDim, 2 * length * 2 * headDim)
            let inputs = [queries, keys, keys, queries].map { numbers.floats($0) }
            let blanks = [queries, 2 * 4 * length, queries, keys, keys].map {
                [Float](repeating: 0, count: $0)
            }
            try compare(set, inputs + blanks, "\(length) x \(headDim)") { handle, p in
                let context = OpaquePointer?(handle)
                var scratch = [Float](repeating: .nan, count: lk_causal_scratch(context, &shape))
                lk_causal_forward(context, sgemm, &shape, p[0], p[1], p[2], p[4], p[5], &scratch)
                lk_causal_backward(
                    context, sgemm, &shape, p[3], p[0], p[1], p[2], p[4], p[5], p[6], p[7], p[8], &scratch)
            }
        }
    }
}
