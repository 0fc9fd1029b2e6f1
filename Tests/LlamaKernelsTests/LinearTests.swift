import CLlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct LinearTests {
    static let shapes: [(rows: Int, columns: Int, tokens: Int)] = [
        (1, 1, 1), (3, 15, 2), (15, 16, 3), (16, 17, 5), (17, 33, 7), (33, 100, 6), (9, 1000, 1),
        (5, 1000, 13), (70, 31, 17), (6, 2500, 37), (41, 3, 1), (9, 70, 50),
    ]

    @Test(arguments: instructionSets, lk_dtype.allCases)
    func agreesWithDoublePrecision(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        var numbers = SeededGenerator(seed: 3)
        for shape in Self.shapes {
            let weights = Weights(dtype, rows: shape.rows, columns: dtype.columns(shape.columns))
            let x = numbers.floats(shape.tokens * weights.columns)
            let out = weights.apply(context, x, tokens: shape.tokens)
            let expected = weights.expected(x, tokens: shape.tokens)
            for (value, expected) in zip(out, expected) {
                #expect(abs(Double(value) - expected.value) <= expected.tolerance, "\(shape)")
            }
        }
    }

    @Test(arguments: instructionSets, lk_dtype.allCases)
    func followsRowAndColumnPartsAndStrides(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        var numbers = SeededGenerator(seed: 4)
        for (rowParts, columnParts, padding) in [(2, 1, 0), (1, 2, 0), (3, 4, 5), (1, 1, 1)] {
            let weights = Weights(
                dtype, rows: 30, columns: dtype.columns(84, parts: columnParts), rowParts: rowParts,
                columnParts: columnParts, padding: padding)
            for tokens in [1, 4, 11, 40] {
                let x = numbers.floats(tokens * weights.columns)
                let out = weights.apply(context, x, tokens: tokens)
                for (value, expected) in zip(out, weights.expected(x, tokens: tokens)) {
                    #expect(abs(Double(value) - expected.value) <= expected.tolerance)
                }
            }
        }
    }

    @Test(arguments: instructionSets)
    func addsBiasAndAccumulates(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 1)
        var numbers = SeededGenerator(seed: 5)
        let weights = Weights(LK_F16, rows: 19, columns: 40)
        let bias = numbers.floats(19)
        for tokens in [1, 9, 41] {
            let x = numbers.floats(tokens * 40)
            let before = numbers.floats(tokens * 19)
            let plain = weights.apply(context, x, tokens: tokens)
            let biased = weights.apply(context, x, tokens: tokens, bias: bias)
            let accumulated = weights.apply(context, x, tokens: tokens, bias: bias, onto: before)
            for i in plain.indices {
                #expect(biased[i] == plain[i] + bias[i % 19])
                #expect(accumulated[i] == before[i] + biased[i])
            }
        }
    }

    @Test(arguments: instructionSets, lk_dtype.allCases)
    func aTokensBitsAreIndependentOfTheBatch(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 1)
        for (rows, size, counts) in [(13, 100, Array(1...20) + [300]), (7, 2331, [1, 4, 7, 12, 38])] {
            let parts = size % 3 == 0 ? 3 : 1
            let columns = dtype.columns(size, parts: parts)
            let weights = Weights(dtype, rows: rows, columns: columns, columnParts: parts)
            var numbers = SeededGenerator(seed: 6)
            let most = counts.max() ?? 1
            let x = numbers.floats(most * columns)
            let alone = (0..<most).flatMap { token in
                weights.apply(context, Array(x[token * columns..<(token + 1) * columns]), tokens: 1)
            }
            for tokens in counts {
                let together = weights.apply(context, Array(x[..<(tokens * columns)]), tokens: tokens)
                #expect(bits(together) == bits(alone[..<(tokens * rows)]), "\(tokens) tokens")
            }
        }
    }

    @Test(arguments: instructionSets, [LK_BF16, LK_Q8_0, LK_Q4_0, LK_Q4_K, LK_Q6_K])
    func bitsDoNotDependOnTheThreadCount(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        for tokens in [1, 12, 40] { try comparesThreadCounts(set, dtype, tokens: tokens) }
    }

    private func comparesThreadCounts(_ set: InstructionSet, _ dtype: lk_dtype, tokens: Int) throws {
        // Enough work to leave the calling thread.
        let weights = Weights(dtype, rows: 1100 / tokens, columns: dtype.columns(129))
        var numbers = SeededGenerator(seed: 7)
        let x = numbers.floats(tokens * weights.columns)
        let single = weights.apply(
            try KernelContext(instructionSet: set, activations: .float32, threads: 1), x, tokens: tokens)
        for threads in [2, 3] {
            let context = try KernelContext(instructionSet: set, activations: .float32, threads: threads)
            for _ in 0..<5 { #expect(bits(weights.apply(context, x, tokens: tokens)) == bits(single)) }
        }
    }

    @Test(arguments: instructionSets, [1, 3, 12, 40])
    func aRowsBitsAreIndependentOfItsIndex(_ set: InstructionSet, tokens: Int) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 1)
        let weights = Weights(LK_F16, rows: 45, columns: 50)
        var numbers = SeededGenerator(seed: 8)
        let x = numbers.floats(tokens * 50)
        let whole = weights.apply(context, x, tokens: tokens)
        for range in [1..<45, 7..<8, 3..<20, 0..<37] {
            var block = weights.rows(range).block
            var out = [Float](repeating: .nan, count: tokens * range.count)
            withUnsafePointer(to: &block) { block in
                var matrix = lk_matrix(
                    dtype: LK_F16, rows: range.count, columns: 50, row_parts: 1, column_parts: 1,
                    blocks: block)
                withUnsafePointer(to: &matrix) { matrix in
                    out.withUnsafeMutableBufferPointer {
                        var op = lk_linear_op(
                            weight: matrix, bias: nil, out: $0.baseAddress, out_stride: range.count,
                            accumulate: false)
                        lk_linear(context.handle, &op, 1, x, 50, tokens)
                    }
                }
            }
            for token in 0..<tokens {
                let rows = whole[(token * 45 + range.lowerBound)..<(token * 45 + range.upperBound)]
                #expect(bits(out[token * range.count..<(token + 1) * range.count]) == bits(rows))
            }
        }
    }

    @Test(arguments: instructionSets)
    func computesSeveralLayersOfOneInputAtOnce(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        let layers = [64, 7, 30].enumerated().map { Weights(LK_F16, rows: $1, columns: 96, seed: $0 + 1) }
        var numbers = SeededGenerator(seed: 9)
        for tokens in [1, 40] {
            let x = numbers.floats(tokens * 96)
            // One buffer [tokens, 101]: each layer writes its own columns.
            var out = [Float](repeating: .nan, count: tokens * 101)
            out.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                let ops = [
                    layers[0].op(out: base, stride: 101), layers[1].op(out: base + 64, stride: 101),
                    layers[2].op(out: base + 71, stride: 101),
                ]
                lk_linear(context.handle, ops, 3, x, 96, tokens)
            }
            let separate = layers.map { $0.apply(context, x, tokens: tokens) }
            for token in 0..<tokens {
                let row = zip(layers, separate).flatMap { $1[token * $0.rows..<(token + 1) * $0.rows] }
                #expect(bits(out[token * 101..<(token + 1) * 101]) == bits(row))
            }
        }
    }

    /// Rows too long for the panel, and more tokens than are packed at once, go other ways to the same bits.
    @Test(
        arguments: instructionSets.filter { $0 != .reference },
        [
            (1, 262_200, 38, LK_BF16), (5, 20_000, 110, LK_BF16), (4, 70_000, 38, LK_BF16),
            (5, 20_000, 38, LK_Q6_K), (4, 70_000, 8, LK_Q8_0),
        ])
    func longRowsKeepTheirBits(
        _ set: InstructionSet, _ size: (rows: Int, columns: Int, tokens: Int, dtype: lk_dtype)
    ) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        let weights = Weights(size.dtype, rows: size.rows, columns: size.dtype.columns(size.columns))
        var numbers = SeededGenerator(seed: 10)
        let x = numbers.floats(weights.columns)
        let alone = bits(weights.apply(context, x, tokens: 1))
        let many = Array(repeating: x, count: size.tokens).flatMap { $0 }
        let together = bits(weights.apply(context, many, tokens: size.tokens))
        #expect(together == Array(repeating: alone, count: size.tokens).flatMap { $0 })
    }
}
