import CLlamaKernels
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct ElementwiseTests {
    /// An embedding of 256 rows x 256 columns holds every 16-bit pattern once.
    @Test(arguments: instructionSets, [LK_F16, LK_BF16])
    func convertsEverySixteenBitPattern(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let patterns = (0...UInt16.max).map { $0 }
        let ids = (0..<256).map { Int32($0) }
        var out = [Float](repeating: 0, count: 65536)
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 1)
        patterns.withUnsafeBytes { data in
            var block = lk_block(data: data.baseAddress, row_stride: 256, rows: 256, columns: 256)
            withUnsafePointer(to: &block) { block in
                var matrix = lk_matrix(
                    dtype: dtype, rows: 256, columns: 256, row_parts: 1, column_parts: 1, blocks: block)
                lk_embedding(context.handle, &matrix, ids, 256, &out)
            }
        }
        for (pattern, value) in zip(patterns, out) {
            let exact: Float =
                dtype == LK_F16
                ? Float(Float16(bitPattern: pattern)) : Float(bitPattern: UInt32(pattern) << 16)
            let agrees = exact.isNaN ? value.isNaN : value.bitPattern == exact.bitPattern
            if !agrees { Issue.record("pattern \(pattern): \(value), not \(exact)") }
        }
    }

    @Test(arguments: instructionSets, lk_dtype.allCases)
    func embedsRowsOfShardedMatrices(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        let columns = dtype.columns(66, parts: 3)
        let weights = Weights(dtype, rows: 12, columns: columns, rowParts: 2, columnParts: 3)
        let ids: [Int32] = [11, 0, 5, 6, 5]
        var out = [Float](repeating: .nan, count: ids.count * columns)
        weights.withMatrix { lk_embedding(context.handle, $0, ids, ids.count, &out) }
        #expect(bits(out) == bits(ids.flatMap { weights.values[Int($0) * columns..<Int($0 + 1) * columns] }))
    }

    @Test(arguments: instructionSets, [1, 3, 15, 16, 17, 100, 1000])
    func normalizesToUnitRootMeanSquare(_ set: InstructionSet, dim: Int) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        var numbers = SeededGenerator(seed: 1)
        let tokens = 3
        let x = numbers.floats(tokens * dim)
        let weight = numbers.floats(dim)
        var out = [Float](repeating: .nan, count: tokens * dim)
        lk_rms_norm(context.handle, x, weight, 1e-5, &out, tokens, dim)
        for token in 0..<tokens {
            let row = x[token * dim..<(token + 1) * dim].map(Double.init)
            let scale = 1 / (row.reduce(0) { $0 + $1 * $1 } / Double(dim) + Double(Float(1e-5))).squareRoot()
            for d in 0..<dim {
                let exact = row[d] * scale * Double(weight[d])
                let tolerance = (Double(dim) / 16 + 8) * 0x1p-24 * abs(exact)
                #expect(abs(Double(out[token * dim + d]) - exact) <= tolerance)
            }
        }
        var inPlace = x
        inPlace.withUnsafeMutableBufferPointer {
            lk_rms_norm(context.handle, $0.baseAddress, weight, 1e-5, $0.baseAddress, tokens, dim)
        }
        #expect(bits(inPlace) == bits(out))
    }

    /// gate and up as identity matrices show silu(x) * x of chosen values.
    @Test(arguments: instructionSets)
    func swigluSaturates(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 1)
        let values: [Float] = [
            0, -0.0, 1, -1, 20, -20, 87, -87, 88.7, -88.7, 89, -89, 103, -103, 104, -104, 1e10, -1e10, 3e38,
            -3e38, .infinity, -.infinity, 1e-30, -1e-30, .nan,
        ]
        let ones = [Float](repeating: 1, count: values.count)
        var one: Float = 1
        var gate = [Float](repeating: .nan, count: values.count)
        var up = gate
        // Each value is a row of one column, its input 1.
        values.withUnsafeBytes { values in
            ones.withUnsafeBytes { ones in
                var blocks = [values, ones].map {
                    lk_block(data: $0.baseAddress, row_stride: 1, rows: ones.count / 4, columns: 1)
                }
                blocks.withUnsafeMutableBufferPointer { blocks in
                    guard let base = blocks.baseAddress else { return }
                    var matrices = [UnsafePointer(base), UnsafePointer(base + 1)].map {
                        lk_matrix(
                            dtype: LK_F32, rows: ones.count / 4, columns: 1, row_parts: 1, column_parts: 1,
                            blocks: $0)
                    }
                    matrices.withUnsafeMutableBufferPointer { matrices in
                        gate.withUnsafeMutableBufferPointer { gate in
                            up.withUnsafeMutableBufferPointer { up in
                                guard let matrix = matrices.baseAddress else { return }
                                var first = lk_linear_op(
                                    weight: matrix, bias: nil, out: gate.baseAddress,
                                    out_stride: gate.count, accumulate: false)
                                var second = lk_linear_op(
                                    weight: matrix + 1, bias: nil, out: up.baseAddress,
                                    out_stride: up.count, accumulate: false)
                                lk_swiglu(context.handle, &first, &second, &one, 1, 1)
                            }
                        }
                    }
                }
            }
        }
        for (x, silu) in zip(values, gate) {
            if x.isNaN {
                #expect(silu.isNaN)
            } else if x == -.infinity {
                #expect(silu == 0)
            } else if x == .infinity {
                #expect(silu == .infinity)
            } else {
                let exact = Double(x) / (1 + exp(-Double(x)))
                // Where e^-x overflows, below -88.7, the result is 0 rather than about 2^-121.
                #expect(abs(Double(silu) - exact) <= 8 * 0x1p-24 * abs(exact) + 0x1p-120, "silu(\(x))")
            }
        }
    }

    @Test(arguments: instructionSets, lk_dtype.allCases)
    func swigluIsTheProductOfItsLayers(_ set: InstructionSet, _ dtype: lk_dtype) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        let w1 = Weights(dtype, rows: 75, columns: dtype.columns(60), seed: 1)
        let w3 = Weights(dtype, rows: 75, columns: dtype.columns(60), seed: 2)
        var numbers = SeededGenerator(seed: 11)
        for tokens in [1, 8, 40] {
            let x = numbers.floats(tokens * w1.columns)
            var gate = [Float](repeating: .nan, count: tokens * 75)
            var up = gate
            gate.withUnsafeMutableBufferPointer { gate in
                up.withUnsafeMutableBufferPointer { up in
                    guard let gate = gate.baseAddress, let up = up.baseAddress else { return }
                    var first = w1.op(out: gate)
                    var second = w3.op(out: up)
                    lk_swiglu(context.handle, &first, &second, x, w1.columns, tokens)
                }
            }
            let a = w1.apply(context, x, tokens: tokens)
            let b = w3.apply(context, x, tokens: tokens)
            for i in gate.indices {
                let exact = Double(a[i]) / (1 + exp(-Double(a[i]))) * Double(b[i])
                #expect(abs(Double(gate[i]) - exact) <= 8 * 0x1p-24 * abs(exact) + 1e-37)
            }
        }
    }

    @Test(arguments: instructionSets, [1, 2, 15, 16, 17, 1000])
    func logSumExpIsExactToFloatPrecision(_ set: InstructionSet, count: Int) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 1)
        var numbers = SeededGenerator(seed: 12)
        let x = numbers.floats(count).map { $0 * 30 }
        let exact = log(x.reduce(0) { $0 + exp(Double($1)) })
        #expect(abs(lk_log_sum_exp(context.handle, x, count) - exact) <= 1e-6)
        let large = x.map { $0 + 1000 }
        #expect(abs(lk_log_sum_exp(context.handle, large, count) - (exact + 1000)) <= 1e-3)
        let masked = x + [-.infinity]
        #expect(abs(lk_log_sum_exp(context.handle, masked, count + 1) - exact) <= 1e-6)
    }

    @Test(arguments: instructionSets)
    func logSumExpOfNothingIsMinusInfinity(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 1)
        #expect(lk_log_sum_exp(context.handle, [], 0) == -.infinity)
        #expect(lk_log_sum_exp(context.handle, [-.infinity, -.infinity], 2) == -.infinity)
    }
}
