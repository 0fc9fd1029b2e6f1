import CLlamaKernels
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// Every instruction set gives the reference's bits: at odd sizes, in rows at any address, for any number of tokens.
@Suite struct SameBitsTests {
    static let sets = instructionSets.filter { $0 != .reference }

    /// The operations of a context, on a set and on the reference.
    private func compare(
        _ set: InstructionSet, activations: ActivationType = .int8, _ comment: Comment,
        _ compute: (KernelContext) -> [Float]
    ) throws {
        let reference = try KernelContext(
            instructionSet: .reference, activations: activations, threads: 2)
        let context = try KernelContext(instructionSet: set, activations: activations, threads: 2)
        #expect(bits(compute(context)) == bits(compute(reference)), comment)
    }

    @Test(arguments: sets, lk_dtype.allCases)
    func linear(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        var numbers = SeededGenerator(seed: 21)
        let shapes = LinearTests.shapes + [(17, 4400, 14)]
        for activations in [ActivationType.int8, .float32]
        where dtype.dtype.isBlockFormat || activations == .float32 {
            for shape in shapes {
                let weights = Weights(dtype, rows: shape.rows, columns: dtype.columns(shape.columns))
                let x = numbers.floats(shape.tokens * weights.columns)
                let (bias, before) = (numbers.floats(shape.rows), numbers.floats(shape.tokens * shape.rows))
                try compare(set, activations: activations, "\(activations) \(shape)") {
                    weights.apply($0, x, tokens: shape.tokens, bias: bias, onto: before)
                }
            }
        }
    }

    @Test(arguments: sets, lk_dtype.allCases)
    func linearOfParts(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        var numbers = SeededGenerator(seed: 22)
        for (rowParts, columnParts, padding) in [(2, 1, 0), (1, 2, 0), (3, 4, 5)] {
            let weights = Weights(
                dtype, rows: 30, columns: dtype.columns(84, parts: columnParts), rowParts: rowParts,
                columnParts: columnParts, padding: padding)
            for tokens in [1, 4, 11, 40] {
                let x = numbers.floats(tokens * weights.columns)
                try compare(set, "\(rowParts) x \(columnParts) parts, \(tokens) tokens") {
                    weights.apply($0, x, tokens: tokens)
                }
            }
        }
    }

    @Test(arguments: sets) func swiglu(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 23)
        let (gate, up) = (
            Weights(LK_F16, rows: 75, columns: 100, seed: 1),
            Weights(LK_Q4_K, rows: 75, columns: 256, seed: 2)
        )
        for weights in [gate, up] {
            for tokens in [1, 40] {
                let x = numbers.floats(tokens * weights.columns)
                try compare(set, "\(weights.dtype), \(tokens) tokens") { context in
                    var (out, other) = (
                        [Float](repeating: .nan, count: tokens * 75),
                        [Float](repeating: .nan, count: tokens * 75)
                    )
                    out.withUnsafeMutableBufferPointer { out in
                        other.withUnsafeMutableBufferPointer { other in
                            guard let out = out.baseAddress, let other = other.baseAddress else { return }
                            var (first, second) = (weights.op(out: out), weights.op(out: other))
                            lk_swiglu(context.handle, &first, &second, x, weights.columns, tokens)
                        }
                    }
                    return out
                }
            }
        }
    }

    @Test(arguments: sets) func normsAndLogSumExps(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 24)
        for dim in Array(1...35) + [48, 100, 1000] {
            let (x, weight) = (numbers.floats(3 * dim), numbers.floats(dim))
            try compare(set, "dim \(dim)") { context in
                var out = [Float](repeating: .nan, count: 3 * dim)
                lk_rms_norm(context.handle, x, weight, 1e-5, &out, 3, dim)
                return out
            }
            let reference = try KernelContext(instructionSet: .reference, threads: 1)
            let context = try KernelContext(instructionSet: set, threads: 1)
            #expect(
                lk_log_sum_exp(context.handle, x, x.count) == lk_log_sum_exp(reference.handle, x, x.count))
        }
    }
}
