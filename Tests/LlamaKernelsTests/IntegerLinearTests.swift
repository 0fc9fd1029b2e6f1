import CLlamaKernels
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// Linear layers whose activations are quantized to int8.
@Suite struct IntegerLinearTests {
    static let formats = lk_dtype.allCases.filter { $0.dtype.isBlockFormat }

    /// What quantizing the activations may change: half a step of each unit's scale, which may be rounded to binary16
    /// itself, and the rounding of the sums that minimums are multiplied by. So it is for activations of every size.
    @Test(arguments: formats, [1, 1e-8, 1e-5, 1e4, 1e9] as [Float])
    func isWithinTheStepsOfItsActivations(_ dtype: lk_dtype, size: Float) throws {
        let context = try KernelContext(instructionSet: .reference, threads: 1)
        var numbers = SeededGenerator(seed: 31)
        let unit = dtype.dtype.blockCount
        for (rows, columns, tokens) in [(5, 256, 1), (17, 2048, 3)] {
            let weights = Weights(dtype, rows: rows, columns: columns)
            let x = numbers.floats(tokens * columns).map { $0 * size }
            let out = weights.apply(context, x, tokens: tokens)
            for token in 0..<tokens {
                for row in 0..<rows {
                    var (exact, tolerance) = (0.0, 0.0)
                    for begin in stride(from: 0, to: columns, by: unit) {
                        let inputs = x[token * columns + begin..<token * columns + begin + unit].map(
                            Double.init)
                        let values = weights.values[row * columns + begin..<row * columns + begin + unit]
                            .map(Double.init)
                        let step = (inputs.map(abs).max() ?? 0) / 127
                        for (value, input) in zip(values, inputs) {
                            exact += value * input
                            tolerance += abs(value) * (0.5 * step + abs(input) * 0x1p-10)
                        }
                        // Minimums of these weights are below 2^-7.
                        tolerance += 0x1p-7 * 0x1p-10 * step * 127 * Double(unit)
                    }
                    #expect(abs(Double(out[token * rows + row]) - exact) <= tolerance)
                }
            }
        }
    }

    @Test(arguments: formats) func differsFromFloat32(_ dtype: lk_dtype) throws {
        let weights = Weights(dtype, rows: 16, columns: 512)
        var numbers = SeededGenerator(seed: 32)
        let x = numbers.floats(512)
        let exact = try KernelContext(instructionSet: .reference, activations: .float32, threads: 1)
        let rounded = try KernelContext(instructionSet: .reference, activations: .int8, threads: 1)
        #expect(bits(weights.apply(exact, x, tokens: 1)) != bits(weights.apply(rounded, x, tokens: 1)))
    }

    @Test(arguments: instructionSets, formats)
    func aTokensBitsAreIndependentOfTheBatchAndTheThreads(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        for (rows, size) in [(13, 700), (20, 4200)] {
            let weights = Weights(dtype, rows: rows, columns: dtype.columns(size))
            var numbers = SeededGenerator(seed: 33)
            let counts = [2, 3, 4, 7, 8, 9, 26]
            let x = numbers.floats(26 * weights.columns)
            let single = try KernelContext(instructionSet: set, threads: 1)
            let alone = (0..<26).flatMap { token in
                weights.apply(
                    single, Array(x[token * weights.columns..<(token + 1) * weights.columns]), tokens: 1)
            }
            for threads in [1, 3] {
                let context = try KernelContext(instructionSet: set, threads: threads)
                for tokens in counts {
                    let together = weights.apply(
                        context, Array(x[..<(tokens * weights.columns)]), tokens: tokens)
                    #expect(bits(together) == bits(alone[..<(tokens * rows)]), "\(tokens) tokens")
                }
            }
        }
    }

    /// An infinity or NaN must not become a number, nor reach another token.
    @Test(arguments: instructionSets, [LK_Q8_0, LK_Q4_1, LK_Q4_K, LK_Q6_K])
    func nonFiniteActivationsShow(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let context = try KernelContext(instructionSet: set, threads: 1)
        let weights = Weights(dtype, rows: 20, columns: 512)
        var numbers = SeededGenerator(seed: 34)
        for tokens in [1, 3, 8] {
            for damage in [Float.nan, .infinity, -.infinity] {
                var x = numbers.floats(tokens * 512)
                x[(tokens - 1) * 512 + 77] = damage
                let out = weights.apply(context, x, tokens: tokens)
                #expect(out.prefix((tokens - 1) * 20).allSatisfy { $0.isFinite })
                #expect(out.suffix(20).allSatisfy { $0.isNaN })
            }
        }
    }

    /// The greatest sums of products: quants of one sign against activations of one sign, and of both.
    @Test(arguments: instructionSets, formats)
    func theGreatestSumsDoNotOverflow(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let reference = try KernelContext(instructionSet: .reference, threads: 1)
        let context = try KernelContext(instructionSet: set, threads: 1)
        for byte in [0x00, 0x7F, 0x80, 0xFF] as [UInt8] {
            let weights = Weights(dtype, rows: 33, columns: 1024, quants: byte)
            for sign in [{ _ in 1 }, { _ in -1 }, { $0 % 2 == 0 ? 1 : -1 }] as [(Int) -> Float] {
                for tokens in [1, 2, 4, 9] {
                    let x = (0..<tokens * 1024).map { sign($0) * 3 }
                    let out = weights.apply(context, x, tokens: tokens)
                    #expect(bits(out) == bits(weights.apply(reference, x, tokens: tokens)))
                    let exact = weights.expected(x, tokens: tokens)
                    for (value, exact) in zip(out, exact) {
                        let magnitude = exact.tolerance * 0x1p24 / (1024 / 8 + 8)
                        #expect(abs(Double(value) - exact.value) <= magnitude * 0x1p-9)
                    }
                }
            }
        }
    }

    /// Zeros, and units of numbers so small that their scale is zero, come to zero.
    @Test(arguments: instructionSets, [LK_Q8_0, LK_Q5_1, LK_Q4_K])
    func smallActivationsAreZero(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let context = try KernelContext(instructionSet: set, threads: 1)
        let weights = Weights(dtype, rows: 20, columns: 256)
        for value in [Float(0), 0x1p-149, 0x1p-120] {
            let out = weights.apply(
                context, [Float](repeating: value, count: 4 * 256), tokens: 4)
            #expect(out.allSatisfy { $0 == 0 })
        }
    }
}
