import CLlamaKernels
import LlamaTensors
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// Layers of one input whose weights differ in dtype and in how their columns are cut.
@Suite struct MixedLayerTests {
    /// A layer's dtype, rows and column parts.
    typealias Layer = (dtype: lk_dtype, rows: Int, parts: Int)

    static let layers: [[Layer]] = [
        [(LK_F16, 37, 3), (LK_Q8_0, 20, 2), (LK_F32, 9, 1)],
        [(LK_Q8_0, 20, 2), (LK_F32, 9, 1), (LK_F16, 37, 3)],
        [(LK_F32, 40, 1), (LK_F16, 8, 1), (LK_Q8_0, 16, 1)],
        // More cuts than one call packs for.
        [(LK_BF16, 12, 1), (LK_Q4_0, 12, 2), (LK_F16, 12, 3), (LK_F32, 12, 4), (LK_Q8_0, 12, 6)],
        // Activations quantized in blocks of 32 and of 256, and not.
        [(LK_Q8_0, 20, 2), (LK_Q4_K, 17, 1), (LK_F16, 9, 3), (LK_Q6_K, 20, 1), (LK_Q4_1, 33, 1)],
        [(LK_Q2_K, 20, 1), (LK_F32, 9, 1), (LK_Q5_0, 17, 1)],
    ]

    /// Below and above the numbers of tokens from which weights with blocks and other weights are packed for.
    @Test(arguments: instructionSets, layers)
    func computesTheBitsOfSeparateCalls(_ set: InstructionSet, _ layers: [Layer]) throws {
        let hasLargeBlocks = layers.contains { $0.dtype.dtype.blockCount == 256 }
        for activations in ActivationType.allCases
        where activations != .bfloat16 || set.multipliesBFloat16 {
            for tokens in [1, 2, 5, 9, 20, 40, 75] {
                try expectSeparateBits(
                    set, layers, columns: hasLargeBlocks ? 768 : 192, tokens: tokens, activations)
            }
        }
    }

    /// A round of tokens must not pack more than there is memory for, whatever the plan of all of them left out.
    @Test(arguments: instructionSets.filter { $0 != .reference }) func packsNoMoreThanFits(
        _ set: InstructionSet
    ) throws {
        let layers: [Layer] = [
            (LK_F16, 1, 1), (LK_F16, 1, 2), (LK_F16, 1, 4), (LK_F16, 1, 8), (LK_F32, 1, 16384),
        ]
        try expectSeparateBits(set, layers, columns: 16384, tokens: 64)
    }

    /// One token, and rows so short that many make a chunk: their sums have room.
    @Test(arguments: instructionSets) func manyShortRows(_ set: InstructionSet) throws {
        try expectSeparateBits(set, [(LK_F32, 40_000, 2)], columns: 2, tokens: 1, threads: 1)
    }

    /// Packed activations of two of these layers, not of three, fit the memory for them.
    @Test(arguments: instructionSets.filter { $0 != .reference })
    func doesWithoutPackingWhatDoesNotFit(_ set: InstructionSet) throws {
        let layers: [Layer] = [(LK_Q8_0, 1, 1), (LK_Q8_0, 1, 2), (LK_Q8_0, 1, 3)]
        try expectSeparateBits(set, layers, columns: 720_000, tokens: 8)
    }

    private func expectSeparateBits(
        _ set: InstructionSet, _ layers: [Layer], columns: Int, tokens: Int,
        _ activations: ActivationType = .float32, threads: Int = 2
    ) throws {
        let context = try KernelContext(instructionSet: set, activations: activations, threads: threads)
        let weights = layers.enumerated().map {
            Weights($1.dtype, rows: $1.rows, columns: columns, columnParts: $1.parts, seed: $0 + 1)
        }
        var numbers = SeededGenerator(seed: 1)
        let row = numbers.floats(columns)
        let x = (0..<tokens).flatMap { token in row[(token % 7)...] + row[..<(token % 7)] }
        let width = weights.reduce(0) { $0 + $1.rows }
        var out = [Float](repeating: .nan, count: tokens * width)
        out.withUnsafeMutableBufferPointer { buffer in
            guard var next = buffer.baseAddress else { return }
            var operations: [lk_linear_op] = []
            for layer in weights {
                operations.append(layer.op(out: next, stride: width))
                next += layer.rows
            }
            lk_linear(context.handle, operations, operations.count, x, columns, tokens)
        }
        let separate = weights.map { $0.apply(context, x, tokens: tokens) }
        for token in 0..<tokens {
            let expected = zip(weights, separate).flatMap { $1[token * $0.rows..<(token + 1) * $0.rows] }
            #expect(bits(out[token * width..<(token + 1) * width]) == bits(expected), "\(tokens) tokens")
        }
    }

    @Test(arguments: instructionSets)
    func swigluTakesLayersOfDifferentTypesAndCuts(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, activations: .float32, threads: 2)
        let w1 = Weights(LK_F16, rows: 75, columns: 192, columnParts: 3, seed: 1)
        let w3 = Weights(LK_Q8_0, rows: 75, columns: 192, columnParts: 2, seed: 2)
        var numbers = SeededGenerator(seed: 3)
        for (first, second) in [(w1, w3), (w3, w1)] {
            for tokens in [1, 9, 40] {
                let x = numbers.floats(tokens * 192)
                var gate = [Float](repeating: .nan, count: tokens * 75)
                var up = gate
                gate.withUnsafeMutableBufferPointer { gate in
                    up.withUnsafeMutableBufferPointer { up in
                        guard let gate = gate.baseAddress, let up = up.baseAddress else { return }
                        var (one, three) = (first.op(out: gate), second.op(out: up))
                        lk_swiglu(context.handle, &one, &three, x, 192, tokens)
                    }
                }
                let a = first.apply(context, x, tokens: tokens)
                #expect(bits(up) == bits(second.apply(context, x, tokens: tokens)))
                for i in gate.indices {
                    let exact = Double(a[i]) * sigmoid(Double(a[i])) * Double(up[i])
                    #expect(abs(Double(gate[i]) - exact) <= 8 * 0x1p-24 * abs(exact) + 1e-37)
                }
            }
        }
    }
}
