import CLlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct TrainingNormTests {
    static let epsilon: Float = 1e-5

    static func normalize(_ x: [Double], _ weight: [Double]) -> [Double] {
        let dim = weight.count
        return x.indices.map { i in
            let row = x[i / dim * dim..<(i / dim + 1) * dim]
            let mean = row.reduce(0) { $0 + $1 * $1 } / Double(dim)
            return x[i] / (mean + Double(epsilon)).squareRoot() * weight[i % dim]
        }
    }

    @Test(arguments: instructionSets, [(1, 1), (3, 15), (5, 17), (2, 100)])
    func normalizesAndKeepsTheReciprocal(_ set: InstructionSet, _ shape: (rows: Int, dim: Int)) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        var numbers = SeededGenerator(seed: 1)
        let x = numbers.floats(shape.rows * shape.dim)
        let weight = numbers.floats(shape.dim)
        var out = [Float](repeating: .nan, count: x.count)
        var rstd = [Float](repeating: .nan, count: shape.rows)
        lk_rms_norm_forward(context.handle, x, weight, Self.epsilon, &out, &rstd, shape.rows, shape.dim)
        expectClose(out, Self.normalize(doubles(x), doubles(weight)), steps: Double(shape.dim) / 8 + 8)
        let ones = [Double](repeating: 1, count: shape.dim)
        for row in 0..<shape.rows {
            let values = Array(doubles(x)[row * shape.dim..<(row + 1) * shape.dim])
            expectClose(
                [rstd[row] * x[row * shape.dim]], [Self.normalize(values, ones)[0]],
                steps: Double(shape.dim) / 8 + 8)
        }
    }

    /// 70 rows make parts of three rows, the last of one.
    @Test(arguments: instructionSets, [(1, 1), (3, 15), (5, 17), (70, 3)])
    func gradientsAreTheSlopesAndAreAddedUp(_ set: InstructionSet, _ shape: (rows: Int, dim: Int)) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        let (rows, dim) = shape
        var numbers = SeededGenerator(seed: 2)
        let x = numbers.floats(rows * dim)
        let weight = numbers.floats(dim)
        let dout = numbers.floats(rows * dim)
        let (dxBefore, dweightBefore) = (numbers.floats(rows * dim), numbers.floats(dim))
        var (dx, dweight) = (dxBefore, dweightBefore)
        var out = x
        var rstd = [Float](repeating: 0, count: rows)
        var scratch = [Float](repeating: .nan, count: lk_norm_scratch(dim))
        lk_rms_norm_forward(context.handle, x, weight, Self.epsilon, &out, &rstd, rows, dim)
        lk_rms_norm_backward(context.handle, dout, x, weight, rstd, &dx, &dweight, &scratch, rows, dim)

        let (exactX, exactWeight, exactOut) = (doubles(x), doubles(weight), doubles(dout))
        let slopesX = gradient(of: { dot(Self.normalize($0, exactWeight), exactOut) }, at: exactX)
        let slopesWeight = gradient(of: { dot(Self.normalize(exactX, $0), exactOut) }, at: exactWeight)
        expectClose(dx, zip(doubles(dxBefore), slopesX).map { $0 + $1 }, steps: 64, "dx")
        expectClose(dweight, zip(doubles(dweightBefore), slopesWeight).map { $0 + $1 }, steps: 64, "dweight")
    }

    @Test(arguments: instructionSets)
    func isTheSameOnAnyTeam(_ set: InstructionSet) throws {
        let (rows, dim) = (500, 83)
        var numbers = SeededGenerator(seed: 3)
        let x = numbers.floats(rows * dim)
        let dout = numbers.floats(rows * dim)
        let weight = numbers.floats(dim)
        try expectSameBits(set) { context in
            var (out, dx, dweight) = (x, x, weight)
            var rstd = [Float](repeating: 0, count: rows)
            var scratch = [Float](repeating: .nan, count: lk_norm_scratch(dim))
            lk_rms_norm_forward(context.handle, x, weight, Self.epsilon, &out, &rstd, rows, dim)
            lk_rms_norm_backward(context.handle, dout, x, weight, rstd, &dx, &dweight, &scratch, rows, dim)
            return [out, rstd, dx, dweight]
        }
    }
}
