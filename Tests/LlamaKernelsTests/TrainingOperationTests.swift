import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// The Swift operations of a training step pass each operand where it belongs; the loops have tests of their own.
struct TrainingOperationTests {
    private let arena = FloatArena()
    private let kernels: KernelContext
    private var numbers = SeededGenerator(seed: 2)

    init() throws { kernels = try KernelContext(threads: 2) }

    private mutating func random(_ rows: Int, _ columns: Int) throws -> FloatMatrix {
        let matrix = try arena.matrix(rows: rows, columns: columns)
        try matrix.copy(numbers.floats(rows * columns))
        return matrix
    }

    /// The slopes of `out · dout` by each element of `x`, where `out` is a function of `x`.
    private func slopes(
        _ x: FloatMatrix, _ dout: FloatMatrix, _ out: ([Double]) -> [Double]
    ) -> [Double] {
        gradient(of: { dot(out($0), doubles(dout.elements)) }, at: doubles(x.elements))
    }

    @Test mutating func theThreeProductsOfALinearLayer() throws {
        let blas = try OpenBLAS()
        let (x, w, dout) = (try random(5, 3), try random(2, 3), try random(5, 2))
        let (out, dx, dw) = (try random(5, 2), try random(5, 3), try random(2, 3))
        let before = doubles(dw.elements)
        kernels.multiply(
            [
                try .forward(x: x, weight: w, out: out), try .inputGradient(dout: dout, weight: w, dx: dx),
                try .weightGradient(dout: dout, x: x, dweight: dw),
            ], with: blas)
        func forward(_ x: [Double], _ w: [Double]) -> [Double] {
            (0..<10).map { i in dot(Array(x[i / 2 * 3..<i / 2 * 3 + 3]), Array(w[i % 2 * 3..<i % 2 * 3 + 3]))
            }
        }
        let (exactX, exactW) = (doubles(x.elements), doubles(w.elements))
        expectClose(out.elements, forward(exactX, exactW), steps: 16)
        expectClose(dx.elements, slopes(x, dout) { forward($0, exactW) }, steps: 64)
        let slopesW = slopes(w, dout) { forward(exactX, $0) }
        expectClose(dw.elements, zip(before, slopesW).map { $0 + $1 }, steps: 64)
    }

    @Test mutating func theNormAndItsGradients() throws {
        let (x, weight, dout) = (try random(3, 4), try random(1, 4), try random(3, 4))
        let (out, rstd, dx, dweight) = (
            try random(3, 4), try random(3, 1), try random(3, 4), try random(1, 4)
        )
        dx.fill(0)
        dweight.fill(0)
        try kernels.rmsNormForward(
            x, weight: weight, epsilon: TrainingNormTests.epsilon, out: out, rstd: rstd)
        try kernels.rmsNormBackward(
            dout: dout, x: x, weight: weight, rstd: rstd, dx: dx, dweight: dweight,
            scratch: random(1, KernelContext.normScratchCount(dim: 4)))
        let (exactX, exactWeight) = (doubles(x.elements), doubles(weight.elements))
        expectClose(out.elements, TrainingNormTests.normalize(exactX, exactWeight), steps: 16)
        expectClose(
            dx.elements, slopes(x, dout) { TrainingNormTests.normalize($0, exactWeight) }, steps: 64)
        expectClose(
            dweight.elements, slopes(weight, dout) { TrainingNormTests.normalize(exactX, $0) }, steps: 64)
    }

    @Test mutating func swiGLUAndItsGradients() throws {
        let (gate, up, dout) = (try random(2, 3), try random(2, 3), try random(2, 3))
        let (out, dgate, dup) = (try random(2, 3), try random(2, 3), try random(2, 3))
        try kernels.swiGLUForward(gate: gate, up: up, out: out)
        try kernels.swiGLUBackward(dout: dout, gate: gate, up: up, dgate: dgate, dup: dup)
        func forward(_ gate: [Double], _ up: [Double]) -> [Double] {
            zip(gate, up).map { $0 * sigmoid($0) * $1 }
        }
        let (exactGate, exactUp) = (doubles(gate.elements), doubles(up.elements))
        expectClose(out.elements, forward(exactGate, exactUp), steps: 16)
        expectClose(dgate.elements, slopes(gate, dout) { forward($0, exactUp) }, steps: 64)
        expectClose(dup.elements, slopes(up, dout) { forward(exactGate, $0) }, steps: 64)
    }

    /// A quarter turn at position 1, none at position 0.
    @Test mutating func rotationsFollowThePosition() throws {
        let table = try RotaryTable(
            cosines: arena.matrix(rows: 2, columns: 1), sines: arena.matrix(rows: 2, columns: 1))
        try table.cosines.copy([1, 0])
        try table.sines.copy([0, 1])
        let x = try arena.matrix(rows: 4, columns: 2)
        try x.copy([1, 2, 3, 4, 5, 6, 7, 8])
        try kernels.ropeRows(x, length: 2, heads: 1, rotations: table, backward: false)
        #expect(x.elements == [1, 2, -4, 3, 5, 6, -8, 7])
        try kernels.ropeRows(x, length: 2, heads: 1, rotations: table, backward: true)
        #expect(x.elements == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test mutating func attentionAndItsGradients() throws {
        let blas = try OpenBLAS()
        let plain = PlainAttention(batch: 2, length: 3, heads: 2, kvHeads: 1, headDim: 4)
        let attention = CausalAttention(batch: 2, length: 3, nHeads: 2, nKVHeads: 1, headDim: 4)
        let (q, k, v, dout) = (try random(6, 8), try random(6, 4), try random(6, 4), try random(6, 8))
        let (out, lse) = (try random(6, 8), try random(4, 3))
        let (dq, dk, dv) = (try random(6, 8), try random(6, 4), try random(6, 4))
        let scratch = try random(1, attention.scratchCount(on: kernels))
        try attention.forward(
            q: q, k: k, v: v, out: out, lse: lse, scratch: scratch, on: kernels, with: blas)
        try attention.backward(
            dout: dout, q: q, k: k, v: v, out: out, lse: lse, dq: dq, dk: dk, dv: dv, scratch: scratch,
            on: kernels, with: blas)
        let inputs = [q, k, v].map { doubles($0.elements) }
        let forward = plain.forward(inputs[0], inputs[1], inputs[2])
        let backward = plain.backward(inputs[0], inputs[1], inputs[2], doubles(dout.elements))
        expectClose(out.elements, forward.out, steps: 32)
        expectClose(lse.elements, forward.lse, steps: 32)
        expectClose(dq.elements, backward.q, steps: 64)
        expectClose(dk.elements, backward.k, steps: 64)
        expectClose(dv.elements, backward.v, steps: 64)
    }

    @Test mutating func embeddingsAndLosses() throws {
        let weight = try random(4, 3)
        let out = try random(2, 3)
        try kernels.embeddingRows(weight, ids: [3, 1], out: out)
        let (last, second) = (try weight.rows(3..<4).elements, try weight.rows(1..<2).elements)
        #expect(out.elements == last + second)
        let before = weight.elements
        try kernels.embeddingBackward(dx: out, ids: [0, 2], dweight: weight)
        let zeros: [Float] = [0, 0, 0]
        let added: [Float] = last + zeros + second + zeros
        #expect(weight.elements == zip(before, added).map { $0 + $1 })

        let (logits, losses) = (try random(2, 5), try random(2, 1))
        let values = doubles(logits.elements)
        let exact = [
            TrainingLossTests.loss(Array(values[..<5]), 4), TrainingLossTests.loss(Array(values[5...]), 0),
        ]
        try kernels.crossEntropy(logits, targets: [4, 0], gradientScale: nil, losses: losses)
        expectClose(losses.elements, exact, steps: 16)
        #expect(doubles(logits.elements) == values)
        losses.fill(0)
        try kernels.crossEntropy(logits, targets: [4, 0], gradientScale: 1, losses: losses)
        expectClose(losses.elements, exact, steps: 16)
        #expect(logits.elements[4] < 0 && logits.elements[5] < 0)
    }

    /// Without decay, the first step moves each weight by the learning rate against the sign of its gradient.
    @Test mutating func theFirstStepOfAdamW() throws {
        let weights = try arena.matrix(rows: 1, columns: 2)
        let gradients = try arena.matrix(rows: 1, columns: 2)
        try gradients.copy([3, -0.25])
        let (first, second) = (
            try arena.matrix(rows: 1, columns: 2), try arena.matrix(rows: 1, columns: 2)
        )
        let update = AdamWUpdate(
            learningRate: 0.5, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, step: 1,
            gradientScale: 2)
        try update.apply(
            weights: weights, gradients: gradients, firstMoment: first, secondMoment: second, on: kernels)
        expectClose(weights.elements, [-0.5, 0.5], steps: 16)
        expectClose(first.elements, [0.6, -0.05], steps: 4)
        expectClose(second.elements, [0.36, 0.0025], steps: 8)
    }
}
