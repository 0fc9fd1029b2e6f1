import CLlamaKernels
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct TrainingElementwiseTests {
    @Test(arguments: instructionSets, [2, 6, 16, 34])
    func rotatesNeighboringPairsThereAndBack(_ set: InstructionSet, headDim: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        let (rows, length, heads) = (10, 5, 3)
        var numbers = SeededGenerator(seed: 1)
        let angles = numbers.floats(length * headDim / 2).map { Double($0) * 3 }
        let (cosine, sine) = (angles.map { Float(cos($0)) }, angles.map { Float(sin($0)) })
        let x = numbers.floats(rows * heads * headDim)
        var rotated = x
        lk_rope_rows(context.handle, &rotated, rows, length, heads, headDim, cosine, sine, false)
        let exact = x.indices.map { i in
            let (row, pair) = (i / (heads * headDim), i % headDim / 2)
            let angle = angles[row % length * headDim / 2 + pair]
            let partner = Double(x[i ^ 1])
            return Double(x[i]) * cos(angle) + (i % 2 == 0 ? -partner : partner) * sin(angle)
        }
        expectClose(rotated, exact, steps: 4)
        lk_rope_rows(context.handle, &rotated, rows, length, heads, headDim, cosine, sine, true)
        expectClose(rotated, doubles(x), steps: 8)
    }

    @Test(arguments: instructionSets, [1, 15, 16, 33])
    func swigluAndItsSlopes(_ set: InstructionSet, count: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        var numbers = SeededGenerator(seed: 2)
        let gate = numbers.floats(count).map { $0 * 8 }
        let up = numbers.floats(count)
        let dout = numbers.floats(count)
        var out = [Float](repeating: .nan, count: count)
        var (dgate, dup) = (out, out)
        lk_swiglu_forward(context.handle, gate, up, &out, count)
        lk_swiglu_backward(context.handle, dout, gate, up, &dgate, &dup, count)

        func forward(_ x: Double, _ up: Double) -> Double { x * sigmoid(x) * up }
        for i in 0..<count {
            let (x, y, d) = (Double(gate[i]), Double(up[i]), Double(dout[i]))
            expectClose([out[i]], [forward(x, y)], steps: 16)
            let s = sigmoid(x)
            expectClose([dup[i]], [d * x * s], steps: 16)
            #expect(abs(Double(dgate[i]) - d * y * s * (1 + x * (1 - s))) <= 16 * 0x1p-24 * abs(d * y))
            #expect(abs(Double(dgate[i]) - slope(of: { d * forward($0[0], y) }, at: [x], index: 0)) <= 1e-5)
            #expect(abs(Double(dup[i]) - slope(of: { d * forward(x, $0[0]) }, at: [y], index: 0)) <= 1e-5)
        }
        var inPlace = dout
        var second = [Float](repeating: .nan, count: count)
        inPlace.withUnsafeMutableBufferPointer {
            lk_swiglu_backward(context.handle, $0.baseAddress, gate, up, $0.baseAddress, &second, count)
        }
        #expect(bits(inPlace) == bits(dgate) && bits(second) == bits(dup))
    }

    /// The limits of silu are x and 0, those of its slope 1 and 0.
    @Test(arguments: instructionSets)
    func swigluSaturates(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, threads: 1)
        let gate: [Float] = [100, -100, 1e10, -1e10, 3e38, -3e38, 88.5, -88.5, 0, .nan]
        let ones = [Float](repeating: 1, count: gate.count)
        var (out, dgate, dup) = (ones, ones, ones)
        lk_swiglu_forward(context.handle, gate, ones, &out, gate.count)
        lk_swiglu_backward(context.handle, ones, gate, ones, &dgate, &dup, gate.count)
        for i in 0..<8 {
            let limit = gate[i] > 0 ? gate[i] : 0
            #expect(abs(out[i] - limit) <= 1e-35 && abs(dup[i] - limit) <= 1e-35, "silu(\(gate[i]))")
            #expect(abs(dgate[i] - (gate[i] > 0 ? 1 : 0)) <= 1e-35, "silu'(\(gate[i]))")
        }
        #expect(out[8] == 0 && dgate[8] == 0.5)
        #expect(out[9].isNaN && dgate[9].isNaN)
    }

    @Test(arguments: instructionSets)
    func isTheSameOnAnyTeam(_ set: InstructionSet) throws {
        let count = 70 * 6 * 100
        var numbers = SeededGenerator(seed: 3)
        let gate = numbers.floats(count)
        let up = numbers.floats(count)
        let angles = numbers.floats(70 * 50)
        try expectSameBits(set) { context in
            var (out, dgate, dup, rotated) = (up, up, up, up)
            lk_swiglu_forward(context.handle, gate, up, &out, count)
            lk_swiglu_backward(context.handle, up, gate, up, &dgate, &dup, count)
            lk_rope_rows(context.handle, &rotated, 70, 35, 6, 100, angles, angles, false)
            return [out, dgate, dup, rotated]
        }
    }
}
