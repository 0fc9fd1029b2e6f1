import LlamaCheckpoints
import LlamaKernels
import LlamaModel

/// What must be read and computed at least, for prompts or decoded tokens.
struct Work {
    /// Bytes of weights, once for each pass.
    private(set) var weightBytes = 0.0
    /// Bytes of keys and values, once for each pass and sequence.
    private(set) var cacheBytes = 0.0
    /// Multiplications and additions of floats: of attention, and of linear layers that are computed so.
    private(set) var floatOperations = 0.0
    /// Multiplications and additions of integers.
    private(set) var integerOperations = 0.0

    private let model: Transformer
    private let kernels: KernelContext

    private init(_ model: Transformer, _ kernels: KernelContext) {
        (self.model, self.kernels) = (model, kernels)
    }

    /// A prompt of `tokens` tokens behind `depth` others, in passes of at most `rows` rows, with the logits of the last.
    static func prefill(
        _ model: Transformer, tokens: Int, depth: Int, rows: Int, on kernels: KernelContext
    ) -> Work {
        var work = Work(model, kernels)
        for begin in stride(from: 0, to: tokens, by: rows) {
            let end = min(begin + rows, tokens)
            work.multiply(by: model.blockMatrices, rows: end - begin)
            work.attend(depth + begin..<depth + end)
        }
        work.multiply(by: [model.outputMatrix], rows: 1)
        return work
    }

    /// `tokens` tokens of each of `batch` sequences, one after another behind `depth` others, with logits.
    static func decode(
        _ model: Transformer, tokens: Int, depth: Int, batch: Int, on kernels: KernelContext
    ) -> Work {
        var work = Work(model, kernels)
        for position in depth..<depth + tokens {
            work.multiply(by: model.matrices, rows: batch)
            for _ in 0..<batch { work.attend(position..<position + 1) }
        }
        return work
    }

    /// All operations.
    var operations: Double { floatOperations + integerOperations }

    /// The time to read everything at the rate of a sample, in seconds.
    func readTime(at sample: Limits.Sample) -> Double { (weightBytes + cacheBytes) / sample.readRate }

    /// The time to compute everything at the rates of a sample, in seconds.
    func computeTime(at sample: Limits.Sample) -> Double {
        floatOperations / sample.floatRate + (sample.integerRate.map { integerOperations / $0 } ?? 0)
    }

    private mutating func multiply(by matrices: [WeightMatrix], rows: Int) {
        for matrix in matrices {
            weightBytes += Double(matrix.byteCount)
            let operations = 2 * Double(matrix.rows) * Double(matrix.columns) * Double(rows)
            switch kernels.arithmetic(of: matrix) {
            case .float32: floatOperations += operations
            case .int8: integerOperations += operations
            }
        }
    }

    /// Attention of one sequence's rows at these positions, each to all up to its own.
    private mutating func attend(_ positions: Range<Int>) {
        let configuration = model.configuration
        cacheBytes += Double(positions.upperBound) * Double(KVCache.bytesPerPosition(configuration))
        let pairs = Double(positions.count) * Double(positions.lowerBound + positions.upperBound + 1) / 2
        // A product with the key and one with the value, of every head.
        let width = Double(configuration.nHeads * configuration.headDim)
        floatOperations += 4 * pairs * width * Double(configuration.nLayers)
    }
}
