import LlamaCheckpoints
import LlamaKernels
import LlamaModel
import LlamaTensors

/// Makes the operations that are measured, in the widths of a model, with operands that are in memory.
struct KernelOperands {
    /// Bytes of weights or of keys and values that operations take in turn: more than most caches hold.
    private static let rotatedBytes = 256 << 20
    /// Most matrices or caches that are taken in turn.
    private static let mostCopies = 64

    let configuration: ModelConfiguration
    let kernels: KernelContext
    private let arena = FloatArena()

    init(_ configuration: ModelConfiguration, on kernels: KernelContext) {
        self.configuration = configuration
        self.kernels = kernels
    }

    private static func copies(of byteCount: Int) -> Int {
        min(mostCopies, (rotatedBytes + byteCount - 1) / max(byteCount, 1))
    }

    /// Random matrices of the shape of w1, of which no two are the same memory.
    func matrices(_ dtype: DType) throws -> [WeightMatrix] {
        let shape = [configuration.hiddenDim, configuration.dim]
        // SwiGLU takes two.
        let count = max(2, Self.copies(of: RandomWeights.byteCount(of: [shape], dtype)))
        return try RandomWeights.tensors(Array(repeating: shape, count: count), dtype).map {
            try WeightMatrix("random weights", parts: [$0], arrangement: .rows)
        }
    }

    /// A matrix of numbers between -1 and 1.
    private func matrix(_ rows: Int, _ columns: Int) throws(KernelError) -> FloatMatrix {
        let matrix = try arena.matrix(rows: rows, columns: columns)
        var numbers = SplitMix64(seed: 1)
        try matrix.copy(
            (0..<matrix.count).lazy.map { _ in
                Float(Int32(truncatingIfNeeded: numbers.next() >> 32)) * 0x1p-31
            })
        return matrix
    }

    /// `out = weight x`.
    func linear(_ matrices: [WeightMatrix], tokens: Int) throws -> KernelOperation {
        let layers = try matrices.map { weight throws(KernelError) in try Linear(weight: weight, bias: nil) }
        let x = try matrix(tokens, configuration.dim)
        let out = try matrix(tokens, configuration.hiddenDim)
        let weight = matrices[0]
        return KernelOperation(
            name: "linear", dtype: weight.dtype.rawValue, tokens: tokens, depth: nil,
            arithmetic: kernels.arithmetic(of: weight),
            operations: 2 * Double(weight.rows) * Double(weight.columns) * Double(tokens),
            bytes: Double(weight.byteCount) + bytes(x, out)
        ) { number throws(KernelError) in
            try kernels.linear(layers[number % layers.count], x, out: out)
        }
    }

    /// `gate = silu(w1 x) * (w3 x)`.
    func swiGLU(_ matrices: [WeightMatrix], tokens: Int) throws -> KernelOperation {
        let layers = try matrices.map { weight throws(KernelError) in try Linear(weight: weight, bias: nil) }
        let x = try matrix(tokens, configuration.dim)
        let gate = try matrix(tokens, configuration.hiddenDim)
        let up = try matrix(tokens, configuration.hiddenDim)
        let weight = matrices[0]
        return KernelOperation(
            name: "swiglu", dtype: weight.dtype.rawValue, tokens: tokens, depth: nil,
            arithmetic: kernels.arithmetic(of: weight),
            operations: 4 * Double(weight.rows) * Double(weight.columns) * Double(tokens),
            bytes: 2 * Double(weight.byteCount) + bytes(x, gate, up)
        ) { number throws(KernelError) in
            let (first, second) = (2 * number % layers.count, (2 * number + 1) % layers.count)
            try kernels.swiGLU(w1: layers[first], w3: layers[second], x, gate: gate, up: up)
        }
    }

    /// An RMS norm: per element a square and its sum, and two products.
    func rmsNorm(tokens: Int) throws -> KernelOperation {
        let weight = FloatVector(Array(repeating: 1, count: configuration.dim))
        let (x, out) = (try matrix(tokens, configuration.dim), try matrix(tokens, configuration.dim))
        return KernelOperation(
            name: "rms_norm", dtype: nil, tokens: tokens, depth: nil, arithmetic: .float32,
            operations: 4 * Double(x.count), bytes: bytes(x, out)
        ) { _ throws(KernelError) in
            try kernels.rmsNorm(x, weight: weight, epsilon: configuration.normEpsilon, out: out)
        }
    }

    /// Attention of the last `tokens` tokens of a sequence of `depth + tokens`.
    func attention(tokens: Int, depth: Int) throws -> KernelOperation {
        let (heads, keyHeads, headDim) = (
            configuration.nHeads, configuration.nKVHeads, configuration.headDim
        )
        let pages = try KVCache.pageCount(depth + tokens)
        let capacity = pages * PageTable.positions
        let width = keyHeads * headDim
        let table = try PageTable(slots: 1, pagesPerSlot: pages, pages: pages, in: arena)
        for page in 0..<pages { try table.setPage(0, page, to: page) }
        let layers = try (0..<Self.copies(of: 8 * capacity * width)).map { _ in
            try CacheLayer(
                keys: filled(capacity * width).reshaped(rows: pages, columns: PageTable.positions * width),
                values: filled(capacity * width).reshaped(rows: pages, columns: PageTable.positions * width),
                nKVHeads: keyHeads, headDim: headDim, table: table)
        }
        let rope = try RotaryEmbedding(configuration, positions: capacity)
        let shape = try AttentionShape(
            nHeads: heads, nKVHeads: keyHeads, headDim: headDim, halves: false, rotations: rope.table)
        let batch = RowBatch(capacity: tokens)
        for position in depth..<depth + tokens { try batch.append(token: 0, position: position, slot: 0) }
        let (q, out) = (try matrix(tokens, heads * headDim), try matrix(tokens, heads * headDim))
        let pairs = Double(tokens) * Double(2 * depth + tokens + 1) / 2
        return KernelOperation(
            name: "attention", dtype: nil, tokens: tokens, depth: depth, arithmetic: .float32,
            operations: 4 * pairs * Double(heads * headDim),
            bytes: Double(2 * (depth + tokens) * width * MemoryLayout<Float>.size) + bytes(q, out)
        ) { number throws(KernelError) in
            try withExtendedLifetime(rope) { () throws(KernelError) in
                try kernels.attention(shape, batch, q: q, out: out, cache: layers[number % layers.count])
            }
        }
    }

    /// Keys or values of one sequence; written, so that they are in memory of their own.
    private func filled(_ count: Int) throws(KernelError) -> FloatMatrix {
        let matrix = try arena.matrix(rows: 1, columns: count)
        matrix.fill(0.25)
        return matrix
    }

    /// The normalizer of the softmax over one row of logits.
    func logSumExp() throws -> KernelOperation {
        let logits = try matrix(1, configuration.vocabularySize)
        return KernelOperation(
            name: "log_sum_exp", dtype: nil, tokens: 1, depth: nil, arithmetic: .float32, operations: nil,
            bytes: bytes(logits)
        ) { _ throws(KernelError) in
            _ = logits.withSpan { kernels.logSumExp($0) }
        }
    }

    private func bytes(_ matrices: FloatMatrix...) -> Double {
        Double(matrices.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.size)
    }
}
