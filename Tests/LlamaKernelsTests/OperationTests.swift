import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// The Swift operations of a forward pass pass each operand where it belongs; the loops have tests of their own.
struct OperationTests {
    private let arena = FloatArena()
    private let kernels: KernelContext
    private var numbers = SeededGenerator(seed: 1)

    init() throws { kernels = try KernelContext(threads: 2) }

    private mutating func random(_ rows: Int, _ columns: Int) throws -> FloatMatrix {
        let matrix = try arena.matrix(rows: rows, columns: columns)
        try matrix.copy(numbers.floats(rows * columns))
        return matrix
    }

    private func tensor(_ values: [Float], _ rows: Int, _ columns: Int) throws -> Tensor {
        let storage = try #require(
            OwnedBuffer(reserving: values.count * 4) { memory in
                values.withUnsafeBytes { memory.copyMemory(from: $0) }
            })
        return try #require(Tensor(dtype: .float32, shape: [rows, columns], storage: storage, byteOffset: 0))
    }

    private func weight(_ values: [Float], _ rows: Int, _ columns: Int) throws -> WeightMatrix {
        try WeightMatrix("weight", parts: [tensor(values, rows, columns)], arrangement: .rows)
    }

    /// `x weightᵀ + bias` in double.
    private func product(_ x: FloatMatrix, _ weight: [Float], bias: [Float]? = nil) -> [Double] {
        let (x, inputs) = (doubles(x.elements), x.columns)
        let outputs = weight.count / inputs
        return (0..<x.count / inputs * outputs).map { i in
            let (row, output) = (i / outputs, i % outputs)
            let products = (0..<inputs).map { x[row * inputs + $0] * Double(weight[output * inputs + $0]) }
            return products.reduce(Double(bias?[output] ?? 0), +)
        }
    }

    @Test mutating func linearLayersWriteTheirOwnOutputs() throws {
        let x = try random(3, 5)
        let (values, bias) = (numbers.floats(20), numbers.floats(4))
        let layer = try Linear(weight: weight(values, 4, 5), bias: FloatVector(bias))
        let out = try random(3, 4)
        let before = doubles(out.elements)
        try kernels.linear(layer, x, out: out, accumulate: true)
        let exact = product(x, values, bias: bias)
        expectClose(out.elements, zip(before, exact).map { $0 + $1 }, steps: 16)

        let weights = [4, 2, 3].map { numbers.floats($0 * 5) }
        let layers = try weights.map { try Linear(weight: weight($0, $0.count / 5, 5), bias: nil) }
        let outs = (try random(3, 4), try random(3, 2), try random(3, 3))
        try kernels.linear((layers[0], layers[1], layers[2]), x, out: outs)
        for (out, values) in zip([outs.0, outs.1, outs.2], weights) {
            expectClose(out.elements, product(x, values), steps: 16)
        }
    }

    @Test mutating func theGateOfSwiGLUIsW1() throws {
        let x = try random(2, 5)
        let (first, third) = (numbers.floats(15), numbers.floats(15))
        let gate = try random(2, 3)
        try kernels.swiGLU(
            w1: Linear(weight: weight(first, 3, 5), bias: nil),
            w3: Linear(weight: weight(third, 3, 5), bias: nil), x, gate: gate, up: random(2, 3))
        let exact = zip(product(x, first), product(x, third)).map { $0 * sigmoid($0) * $1 }
        expectClose(gate.elements, exact, steps: 32)
    }

    @Test mutating func theEmbeddingLooksUpTheBatchsTokens() throws {
        let values = numbers.floats(6 * 4)
        let batch = RowBatch(capacity: 3)
        for token: Int32 in [5, 0, 5] { try batch.append(token: token, position: 0, slot: 0) }
        let out = try random(3, 4)
        try kernels.embedding(weight(values, 6, 4), batch, out: out)
        let (last, first) = (Array(values[20...]), Array(values[..<4]))
        #expect(out.elements == last + first + last)
    }

    @Test mutating func theNormScalesByItsWeight() throws {
        let x = try random(3, 7)
        let gain = numbers.floats(7)
        let out = try random(3, 7)
        try kernels.rmsNorm(x, weight: FloatVector(gain), epsilon: TrainingNormTests.epsilon, out: out)
        expectClose(
            out.elements, TrainingNormTests.normalize(doubles(x.elements), doubles(gain)), steps: 16)
    }

    /// Positions 0 and 1 of slot 1 and position 0 of slot 0, each against attention over whole sequences.
    @Test mutating func attentionSeesTheCacheOfTheRowsSlot() throws {
        let (heads, kvHeads, headDim) = (2, 1, 4)
        let table = try RotaryTable(
            cosines: arena.matrix(rows: 32, columns: 2), sines: arena.matrix(rows: 32, columns: 2))
        // Angles of 0 everywhere: queries and keys stay as they are.
        table.cosines.fill(1)
        table.sines.fill(0)
        let shape = try AttentionShape(
            nHeads: heads, nKVHeads: kvHeads, headDim: headDim, halves: false, rotations: table)
        let width = CacheLayer.pageElements(nKVHeads: kvHeads, headDim: headDim)
        let pages = try PageTable(slots: 2, pagesPerSlot: 1, pages: 2, in: arena)
        try pages.setPage(1, 0, to: 1)
        let cache = try CacheLayer(
            keys: random(2, width), values: random(2, width), nKVHeads: kvHeads, headDim: headDim,
            table: pages)
        let batch = RowBatch(capacity: 3)
        for (position, slot) in [(0, 1), (1, 1), (0, 0)] {
            try batch.append(token: 0, position: position, slot: slot)
        }
        let (q, k, v) = (try random(3, 8), try random(3, 4), try random(3, 4))
        let out = try random(3, 8)
        try kernels.ropeAndStore(shape, batch, q: q, k: k, v: v, cache: cache)
        try kernels.attention(shape, batch, q: q, out: out, cache: cache)
        for (rows, length) in [(0..<2, 2), (2..<3, 1)] {
            let plain = PlainAttention(
                batch: 1, length: length, heads: heads, kvHeads: kvHeads, headDim: headDim)
            let exact = plain.forward(
                doubles(try q.rows(rows).elements), doubles(try k.rows(rows).elements),
                doubles(try v.rows(rows).elements))
            expectClose(try out.rows(rows).elements, exact.out, steps: 32)
        }
    }

    @Test func refusesPartsOfDifferentShapes() throws {
        let parts = try [tensor([1, 2, 3, 4], 2, 2), tensor([1, 2], 1, 2)]
        for arrangement in [WeightMatrix.Arrangement.rows, .columns] {
            #expect(throws: KernelError.unsuitableWeights("wq")) {
                try WeightMatrix("wq", parts: parts, arrangement: arrangement)
            }
        }
    }
}
