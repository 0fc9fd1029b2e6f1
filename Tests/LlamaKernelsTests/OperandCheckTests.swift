import LlamaTensors
import Testing

@testable import LlamaKernels

/// Every operation compares the extents of its operands before it computes anything.
struct OperandCheckTests {
    private let arena = FloatArena()
    private let kernels: KernelContext

    init() throws { kernels = try KernelContext(threads: 1) }

    private func matrix(_ rows: Int, _ columns: Int) throws -> FloatMatrix {
        let matrix = try arena.matrix(rows: rows, columns: columns)
        matrix.fill(7)
        return matrix
    }

    /// `[rows, columns]` of float32 ones.
    private func weight(_ rows: Int, _ columns: Int) throws -> WeightMatrix {
        let storage = try #require(
            OwnedBuffer(reserving: rows * columns * 4) { $0.bindMemory(to: Float.self).update(repeating: 1) })
        let tensor = try #require(
            Tensor(dtype: .float32, shape: [rows, columns], storage: storage, byteOffset: 0))
        return try WeightMatrix("weight", parts: [tensor], arrangement: .rows)
    }

    private func layer(_ rows: Int, _ columns: Int) throws -> Linear {
        try Linear(weight: weight(rows, columns), bias: nil)
    }

    private func expectMismatch(_ operand: String, _ body: () throws -> Void) {
        let error = #expect(throws: KernelError.self) { try body() }
        guard case .shapeMismatch(let found, _, _) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(found == operand)
    }

    private func batch(_ rows: Int) throws -> RowBatch {
        let batch = RowBatch(capacity: rows)
        for row in 0..<rows { try batch.append(token: Int32(row), position: row, slot: 0) }
        return batch
    }

    @Test func linearChecksInputOutputAndBias() throws {
        let layer = try layer(3, 4)
        let (x, out) = (try matrix(2, 4), try matrix(2, 3))
        try kernels.linear(layer, x, out: out)
        #expect(out.elements == Array(repeating: 28, count: 6))
        expectMismatch("input of a linear layer") { try kernels.linear(layer, matrix(2, 5), out: out) }
        expectMismatch("output of a linear layer") { try kernels.linear(layer, x, out: matrix(2, 4)) }
        expectMismatch("output of a linear layer") { try kernels.linear(layer, x, out: matrix(1, 3)) }
        expectMismatch("output of a linear layer") {
            try kernels.linear((layer, layer, layer), x, out: (out, out, matrix(3, 3)))
        }
        expectMismatch("bias") { _ = try Linear(weight: weight(3, 4), bias: FloatVector([1, 2])) }
    }

    @Test func theNormAndSwiGLUCheckTheirOperands() throws {
        let gain = FloatVector([1, 1, 1, 1])
        let x = try matrix(2, 4)
        try kernels.rmsNorm(x, weight: gain, epsilon: 0, out: x)
        #expect(x.elements == Array(repeating: 1, count: 8))
        expectMismatch("input of a norm") {
            try kernels.rmsNorm(matrix(2, 3), weight: gain, epsilon: 0, out: x)
        }
        expectMismatch("output of a norm") {
            try kernels.rmsNorm(x, weight: gain, epsilon: 0, out: matrix(1, 4))
        }
        let (w1, w3) = (try layer(6, 4), try layer(6, 4))
        let gate = try matrix(2, 6)
        try kernels.swiGLU(w1: w1, w3: w3, x, gate: gate, up: matrix(2, 6))
        #expect(gate.elements.allSatisfy { $0 > 15.7 && $0 < 15.8 })
        expectMismatch("up projection") {
            try kernels.swiGLU(w1: w1, w3: w3, x, gate: matrix(2, 6), up: matrix(2, 5))
        }
    }

    @Test func theEmbeddingChecksTokensAndOutput() throws {
        let weight = try weight(3, 4)
        try kernels.embedding(weight, batch(3), out: matrix(3, 4))
        expectMismatch("output of the embedding") {
            try kernels.embedding(weight, batch(3), out: matrix(2, 4))
        }
        let error = #expect(throws: KernelError.self) {
            try kernels.embedding(weight, batch(4), out: matrix(4, 4))
        }
        #expect(error?.description == "token: expected an id below 3, found 3")
    }

    @Test func attentionChecksHeadsCacheAndBatch() throws {
        let table = try RotaryTable(cosines: matrix(128, 4), sines: matrix(128, 4))
        let shape = try AttentionShape(
            nHeads: 4, nKVHeads: 2, headDim: 8, halves: false, rotations: table)
        func cache(_ slots: Int, _ capacity: Int, heads: Int = 2) throws -> CacheLayer {
            let pages = capacity / PageTable.positions
            return try CacheLayer(
                keys: matrix(slots * pages, heads * 64 * 8), values: matrix(slots * pages, heads * 64 * 8),
                nKVHeads: heads, headDim: 8,
                table: PageTable(slots: slots, pagesPerSlot: pages, pages: slots * pages, in: arena))
        }
        let rows = try batch(65)
        let (q, k, v) = (try matrix(65, 32), try matrix(65, 16), try matrix(65, 16))
        try kernels.ropeAndStore(shape, rows, q: q, k: k, v: v, cache: cache(1, 128))
        try kernels.attention(shape, rows, q: q, out: matrix(65, 32), cache: cache(1, 128))
        expectMismatch("keys") {
            try kernels.ropeAndStore(shape, rows, q: q, k: matrix(65, 8), v: v, cache: cache(1, 128))
        }
        expectMismatch("output of attention") {
            try kernels.attention(shape, rows, q: q, out: matrix(64, 32), cache: cache(1, 128))
        }
        expectMismatch("heads of the cache") {
            try kernels.attention(shape, rows, q: q, out: matrix(65, 32), cache: cache(1, 128, heads: 4))
        }
        let error = #expect(throws: KernelError.self) {
            try kernels.attention(shape, rows, q: q, out: matrix(65, 32), cache: cache(1, 64))
        }
        #expect(error?.description == "position: expected one below 64, found 64")
        expectMismatch("attention heads (query, key-value, width)") {
            _ = try AttentionShape(nHeads: 4, nKVHeads: 3, headDim: 8, halves: false, rotations: table)
        }
        expectMismatch("table of rotations") {
            _ = try AttentionShape(nHeads: 4, nKVHeads: 2, headDim: 16, halves: false, rotations: table)
        }
    }

    @Test func trainingProductsCheckTheirOperands() throws {
        let (x, w, out) = (try matrix(5, 3), try matrix(2, 3), try matrix(5, 2))
        kernels.multiply([try .forward(x: x, weight: w, out: out)], with: try OpenBLAS())
        #expect(out.elements == Array(repeating: 147, count: 10))
        expectMismatch("output of a matrix product") {
            _ = try MatrixProduct.forward(x: x, weight: w, out: matrix(5, 3))
        }
        expectMismatch("input of a matrix product") {
            _ = try MatrixProduct.inputGradient(dout: out, weight: w, dx: matrix(5, 2))
        }
        expectMismatch("output of a matrix product") {
            _ = try MatrixProduct.weightGradient(dout: matrix(4, 2), x: x, dweight: w)
        }
    }

    @Test func lossAndEmbeddingOfTrainingCheckTheirIDs() throws {
        let (logits, losses) = (try matrix(2, 3), try matrix(2, 1))
        try kernels.crossEntropy(logits, targets: [0, -1], gradientScale: nil, losses: losses)
        #expect(losses.elements[1] == 0)
        expectMismatch("targets") {
            try kernels.crossEntropy(logits, targets: [0], gradientScale: nil, losses: losses)
        }
        for bad: Int32 in [3, .max] {
            #expect(throws: KernelError.self) {
                try kernels.crossEntropy(logits, targets: [0, bad], gradientScale: 1, losses: losses)
            }
            #expect(throws: KernelError.self) {
                try kernels.embeddingRows(logits, ids: [bad], out: matrix(1, 3))
            }
        }
        #expect(throws: KernelError.self) {
            try kernels.embeddingBackward(dx: matrix(1, 3), ids: [-1], dweight: logits)
        }
    }

    @Test func viewsStayWithinTheirMatrix() throws {
        let whole = try matrix(4, 2)
        try whole.rows(1..<3).fill(1)
        #expect(whole.elements == [7, 7, 1, 1, 1, 1, 7, 7])
        #expect(throws: KernelError.self) { try whole.rows(3..<5) }
        #expect(throws: KernelError.self) { try whole.prefix(5) }
        #expect(throws: KernelError.self) { try whole.reshaped(rows: 3, columns: 3) }
        #expect(throws: KernelError.self) { try whole.copy([1, 2, 3]) }
        #expect(throws: KernelError.self) { try whole.copy(Array(repeating: 0, count: 9)) }
    }

    @Test func anArenaHandsOutZeroedMemoryOnCacheLines() throws {
        let arena = FloatArena()
        let matrices = try [1, 3, 1 << 24, 5].map { try arena.matrix(rows: $0, columns: 1) }
        for matrix in matrices {
            #expect(UInt(bitPattern: matrix.base) % 64 == 0)
            #expect(matrix.withSpan { $0[0] == 0 && $0[$0.count - 1] == 0 })
        }
        matrices[0].fill(1)
        #expect(matrices[1].elements == [0, 0, 0])
        #expect(throws: KernelError.outOfMemory(byteCount: .max)) { try arena.matrix(rows: .max, columns: 2) }
    }
}
