import CLlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaKernels

extension Trait where Self == ConditionTrait {
    /// Skips a test, and says why, where the processor cannot multiply numbers of bfloat16.
    static var requiresBFloat16: Self {
        .enabled(
            if: InstructionSet.best.multipliesBFloat16,
            "this processor cannot multiply numbers of bfloat16: no test runs for them")
    }
}

/// Linear layers with BF16 weights whose activations are rounded to bfloat16.
@Suite struct BFloat16LinearTests {
    private func context(_ threads: Int = 1) throws -> KernelContext {
        try KernelContext(activations: .bfloat16, threads: threads)
    }

    private func rounded(_ value: Float) -> Float {
        let bits = value.bitPattern
        return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
    }

    @Test(.requiresBFloat16) func isTheProductOfRoundedActivations() throws {
        var numbers = SeededGenerator(seed: 41)
        for (rows, columns, parts) in [(5, 2, 1), (37, 66, 1), (70, 1000, 2), (33, 4000, 4)] {
            let weights = Weights(LK_BF16, rows: rows, columns: columns, columnParts: parts)
            for tokens in [1, 2, 7, 33, 70] {
                let x = numbers.floats(tokens * columns)
                let bias = numbers.floats(rows)
                let out = weights.apply(try context(2), x, tokens: tokens, bias: bias)
                let exact = weights.expected(x.map(rounded), tokens: tokens)
                for (index, (value, exact)) in zip(out, exact).enumerated() {
                    let error = abs(Double(value) - exact.value - Double(bias[index % rows]))
                    #expect(error <= exact.tolerance + 0x1p-22, "\(rows) x \(columns), \(tokens) tokens")
                }
            }
        }
    }

    @Test(.requiresBFloat16) func aTokensBitsAreIndependentOfTheBatchAndTheThreads() throws {
        var numbers = SeededGenerator(seed: 42)
        for (columns, parts) in [(1000, 2), (4200, 1)] {
            let weights = Weights(LK_BF16, rows: 45, columns: columns, columnParts: parts)
            let x = numbers.floats(70 * columns)
            let single = try context()
            let alone = (0..<70).flatMap {
                weights.apply(single, Array(x[$0 * columns..<($0 + 1) * columns]), tokens: 1)
            }
            for threads in [1, 3] {
                let context = try context(threads)
                for tokens in [2, 5, 32, 33, 70] {
                    let together = weights.apply(context, Array(x[..<(tokens * columns)]), tokens: tokens)
                    #expect(bits(together) == bits(alone[..<(tokens * 45)]), "\(tokens) tokens")
                }
            }
        }
    }

    /// Rows that do not begin with a whole pair, and weights of other types, are multiplied as float32.
    @Test(.requiresBFloat16) func otherLayersStayAsTheyAre() throws {
        var numbers = SeededGenerator(seed: 43)
        let float32 = try KernelContext(activations: .float32, threads: 1)
        for (dtype, columns) in [(LK_BF16, 77), (LK_F16, 128), (LK_F32, 128)] {
            let weights = Weights(dtype, rows: 20, columns: columns)
            let x = numbers.floats(40 * columns)
            for tokens in [1, 40] {
                let input = Array(x[..<(tokens * columns)])
                let expected = bits(weights.apply(float32, input, tokens: tokens))
                #expect(try bits(weights.apply(context(), input, tokens: tokens)) == expected)
            }
        }
        let integers = try KernelContext(activations: .int8, threads: 1)
        let weights = Weights(LK_Q8_0, rows: 20, columns: 128)
        let x = numbers.floats(128)
        #expect(
            try bits(weights.apply(context(), x, tokens: 1)) == bits(weights.apply(integers, x, tokens: 1)))
    }

    @Test(.requiresBFloat16) func nonFiniteActivationsShow() throws {
        let weights = Weights(LK_BF16, rows: 20, columns: 128)
        var numbers = SeededGenerator(seed: 44)
        for tokens in [1, 3, 40] {
            for damage in [Float.nan, .infinity, 3.4e38] {
                var x = numbers.floats(tokens * 128)
                x[(tokens - 1) * 128 + 77] = damage
                let out = weights.apply(try context(), x, tokens: tokens)
                #expect(out.prefix((tokens - 1) * 20).allSatisfy { $0.isFinite })
                #expect(out.suffix(20).allSatisfy { !$0.isFinite || abs($0) > 1e30 })
            }
        }
    }

    @Test func isRefusedWhereTheProcessorCannot() throws {
        for set in InstructionSet.allCases where set.isSupported && !set.multipliesBFloat16 {
            #expect(throws: KernelError.unsupportedBFloat16(set)) {
                try KernelContext(instructionSet: set, activations: .bfloat16, threads: 1)
            }
        }
        #expect(!InstructionSet.reference.multipliesBFloat16)
    }
}
