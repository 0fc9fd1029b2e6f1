import CLlamaKernels
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// Attention over whole sequences in double precision, and its gradients by the textbook formulas.
struct PlainAttention {
    let batch: Int
    let length: Int
    let heads: Int
    let kvHeads: Int
    let headDim: Int
    var scale: Double { 1 / Double(headDim).squareRoot() }

    struct Gradients {
        var q: [Double]
        var k: [Double]
        var v: [Double]
    }

    private func query(_ sequence: Int, _ position: Int, _ head: Int) -> Int {
        ((sequence * length + position) * heads + head) * headDim
    }

    private func key(_ sequence: Int, _ position: Int, _ head: Int) -> Int {
        ((sequence * length + position) * kvHeads + head / (heads / kvHeads)) * headDim
    }

    /// Calls `body` with each query's sequence, position, head, probabilities and log of their sum.
    private func eachQuery(
        _ q: [Double], _ k: [Double],
        _ body: (Int, Int, Int, _ probabilities: [Double], _ lse: Double) -> Void
    ) {
        for sequence in 0..<batch {
            for head in 0..<heads {
                for position in 0..<length {
                    let from = query(sequence, position, head)
                    let scores = (0...position).map { other in
                        let to = key(sequence, other, head)
                        var sum = 0.0
                        for d in 0..<headDim { sum += q[from + d] * k[to + d] }
                        return sum * scale
                    }
                    let greatest = scores.max() ?? 0
                    let lse = greatest + log(scores.reduce(0) { $0 + exp($1 - greatest) })
                    body(sequence, position, head, scores.map { exp($0 - lse) }, lse)
                }
            }
        }
    }

    func forward(_ q: [Double], _ k: [Double], _ v: [Double]) -> (out: [Double], lse: [Double]) {
        var out = [Double](repeating: 0, count: q.count)
        var sums = [Double](repeating: 0, count: batch * heads * length)
        eachQuery(q, k) { sequence, position, head, probabilities, lse in
            sums[(sequence * heads + head) * length + position] = lse
            let from = query(sequence, position, head)
            for (other, probability) in probabilities.enumerated() {
                let to = key(sequence, other, head)
                for d in 0..<headDim { out[from + d] += probability * v[to + d] }
            }
        }
        return (out, sums)
    }

    func backward(_ q: [Double], _ k: [Double], _ v: [Double], _ dout: [Double]) -> Gradients {
        var result = Gradients(
            q: .init(repeating: 0, count: q.count), k: .init(repeating: 0, count: k.count),
            v: .init(repeating: 0, count: v.count))
        eachQuery(q, k) { sequence, position, head, probabilities, _ in
            let from = query(sequence, position, head)
            let slopes = probabilities.indices.map { other in
                let to = key(sequence, other, head)
                var sum = 0.0
                for d in 0..<headDim { sum += dout[from + d] * v[to + d] }
                return sum
            }
            let mean = dot(probabilities, slopes)
            for (other, probability) in probabilities.enumerated() {
                let to = key(sequence, other, head)
                let slope = scale * probability * (slopes[other] - mean)
                for d in 0..<headDim {
                    result.q[from + d] += slope * k[to + d]
                    result.k[to + d] += slope * q[from + d]
                    result.v[to + d] += probability * dout[from + d]
                }
            }
        }
        return result
    }
}

@Suite struct TrainingAttentionTests {
    struct Inputs {
        let q, k, v, dout: [Float]

        init(_ plain: PlainAttention, seed: Int, factor: Float = 1) {
            var numbers = SeededGenerator(seed: seed)
            let rows = plain.batch * plain.length
            q = numbers.floats(rows * plain.heads * plain.headDim).map { $0 * factor }
            k = numbers.floats(rows * plain.kvHeads * plain.headDim).map { $0 * factor }
            v = numbers.floats(rows * plain.kvHeads * plain.headDim)
            dout = numbers.floats(q.count)
        }
    }

    struct Outputs {
        var out, lse, dq, dk, dv: [Float]
    }

    static func run(_ context: KernelContext, _ plain: PlainAttention, _ inputs: Inputs) throws -> Outputs {
        let sgemm = try OpenBLAS().sgemm
        var shape = lk_causal_shape(
            batch: plain.batch, length: plain.length, n_heads: plain.heads, n_kv_heads: plain.kvHeads,
            head_dim: plain.headDim, scale: Float(plain.scale))
        func blank(_ count: Int) -> [Float] { .init(repeating: .nan, count: count) }
        var result = Outputs(
            out: blank(inputs.q.count), lse: blank(plain.batch * plain.heads * plain.length),
            dq: blank(inputs.q.count), dk: blank(inputs.k.count), dv: blank(inputs.v.count))
        var scratch = blank(lk_causal_scratch(context.handle, &shape))
        lk_causal_forward(
            context.handle, sgemm, &shape, inputs.q, inputs.k, inputs.v, &result.out, &result.lse, &scratch)
        lk_causal_backward(
            context.handle, sgemm, &shape, inputs.dout, inputs.q, inputs.k, inputs.v, result.out, result.lse,
            &result.dq, &result.dk, &result.dv, &scratch)
        return result
    }

    static let lengths = [1, 2, 3].flatMap { repeats in [1, 5, 64, 65, 130].map { (repeats, $0) } }

    @Test(arguments: instructionSets, lengths)
    func agreesWithDoublePrecision(_ set: InstructionSet, _ size: (repeats: Int, length: Int)) throws {
        let (repeats, length) = size
        let plain = PlainAttention(
            batch: 2, length: length, heads: 2 * repeats, kvHeads: 2, headDim: 6)
        let inputs = Inputs(plain, seed: length)
        let (q, k, v) = (doubles(inputs.q), doubles(inputs.k), doubles(inputs.v))
        let forward = plain.forward(q, k, v)
        let backward = plain.backward(q, k, v, doubles(inputs.dout))
        let context = try KernelContext(instructionSet: set, threads: 2)
        let found = try Self.run(context, plain, inputs)
        expectClose(found.out, forward.out, steps: 32, "out")
        expectClose(found.lse, forward.lse, steps: 32, "lse")
        // A single position's probability is 1 whatever the score, so these are 0 but for rounding.
        if length > 1 {
            expectClose(found.dq, backward.q, steps: 64, "dq")
            expectClose(found.dk, backward.k, steps: 64, "dk")
        }
        expectClose(found.dv, backward.v, steps: 64, "dv")
    }

    @Test(arguments: [1, 2, 3])
    func gradientsAreTheSlopes(repeats: Int) throws {
        let plain = PlainAttention(batch: 1, length: 7, heads: repeats, kvHeads: 1, headDim: 4)
        let inputs = Inputs(plain, seed: 3)
        let (q, k, v) = (doubles(inputs.q), doubles(inputs.k), doubles(inputs.v))
        let dout = doubles(inputs.dout)
        let found = try Self.run(KernelContext(threads: 1), plain, inputs)
        func slopes(_ at: [Double], _ out: ([Double]) -> [Double]) -> [Double] {
            gradient(of: { dot(out($0), dout) }, at: at)
        }
        expectClose(found.dq, slopes(q) { plain.forward($0, k, v).out }, steps: 64, "dq")
        expectClose(found.dk, slopes(k) { plain.forward(q, $0, v).out }, steps: 64, "dk")
        expectClose(found.dv, slopes(v) { plain.forward(q, k, $0).out }, steps: 64, "dv")
    }

    /// Scores of some hundreds: a row attends to one position, and nothing overflows. The rounding of such
    /// scores, not of their number, bounds the error.
    @Test(arguments: instructionSets)
    func bearsLargeScores(_ set: InstructionSet) throws {
        let plain = PlainAttention(batch: 1, length: 70, heads: 2, kvHeads: 1, headDim: 8)
        let inputs = Inputs(plain, seed: 4, factor: 20)
        let (q, k, v) = (doubles(inputs.q), doubles(inputs.k), doubles(inputs.v))
        let found = try Self.run(KernelContext(instructionSet: set, threads: 1), plain, inputs)
        let forward = plain.forward(q, k, v)
        let backward = plain.backward(q, k, v, doubles(inputs.dout))
        expectClose(found.out, forward.out, steps: 4000, "out")
        expectClose(found.lse, forward.lse, steps: 32, "lse")
        expectClose(found.dq, backward.q, steps: 4000, "dq")
        expectClose(found.dk, backward.k, steps: 4000, "dk")
        expectClose(found.dv, backward.v, steps: 4000, "dv")
    }

    @Test(arguments: instructionSets)
    func isTheSameOnAnyTeam(_ set: InstructionSet) throws {
        let plain = PlainAttention(batch: 3, length: 65, heads: 4, kvHeads: 2, headDim: 6)
        let inputs = Inputs(plain, seed: 5)
        _ = try OpenBLAS()
        try expectSameBits(set) { context in
            guard let found = try? Self.run(context, plain, inputs) else { return [] }
            return [found.out, found.lse, found.dq, found.dk, found.dv]
        }
    }
}
