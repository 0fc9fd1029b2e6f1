import LlamaCheckpoints
import LlamaKernels
import LlamaModel

/// What must be read and computed at least, for prompts or decoded tokens.
struct Work {
    /// Bytes of weights, once for each pass.
    private(set) var weightBytes = 0.0
    /// Bytes of keys and values, once for each pass and sequence.
    private(set) var cacheBytes = 0.0
    /// Multiplications and additions, those of attention among the floats'.
    private(set) var counts: [Arithmetic: Double] = [:]

    private let model: Transformer
    private let kernels: KernelContext

    private let cacheType: CacheType

    private init(_ model: Transformer, _ cacheType: CacheType, _ kernels: KernelContext) {
        (self.model, self.cacheType, self.kernels) = (model, cacheType, kernels)
    }

    /// A prompt of `tokens` tokens behind `depth` others, in passes of at most `rows` rows, with the logits of the last.
    static func prefill(
        _ model: Transformer, tokens: Int, depth: Int, rows: Int, cacheType: CacheType,
        on kernels: KernelContext
    ) -> Work {
        var work = Work(model, cacheType, kernels)
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
        _ model: Transformer, tokens: Int, depth: Int, batch: Int, cacheType: CacheType,
        on kernels: KernelContext
    ) -> Work {
        var work = Work(model, cacheType, kernels)
        for position in depth..<depth + tokens {
            work.multiply(by: model.matrices, rows: batch)
            for _ in 0..<batch { work.attend(position..<position + 1) }
        }
        return work
    }

    /// All operations.
    var operations: Double { counts.values.reduce(0, +) }

    /// The time to read everything at the rate of a sample, in seconds.
    func readTime(at sample: Limits.Sample) -> Double { (weightBytes + cacheBytes) / sample.readRate }

    /// The time to compute everything at the rates of a sample, in seconds.
    func computeTime(at sample: Limits.Sample) -> Double {
        counts.reduce(0) { $0 + $1.value / (sample.rates[$1.key] ?? .infinity) }
    }

    private mutating func multiply(by matrices: [WeightMatrix], rows: Int) {
        for matrix in matrices {
            weightBytes += Double(matrix.byteCount)
            let operations = 2 * Double(matrix.rows) * Double(matrix.columns) * Double(rows)
            counts[kernels.arithmetic(of: matrix), default: 0] += operations
        }
    }

    /// Attention of one sequence's rows at these positions, each to all up to its own.
    private mutating func attend(_ positions: Range<Int>) {
        let configuration = model.configuration
        cacheBytes +=
            Double(positions.upperBound) * Double(KVCache.bytesPerPosition(configuration, type: cacheType))
        let pairs = Double(positions.count) * Double(positions.lowerBound + positions.upperBound + 1) / 2
        // A product with the key and one with the value, of every head.
        let width = Double(configuration.nHeads * configuration.headDim)
        counts[.float32, default: 0] += 4 * pairs * width * Double(configuration.nLayers)
    }
}
