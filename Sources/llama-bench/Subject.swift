import LlamaCheckpoints
import LlamaCommands
import LlamaJSON
import LlamaKernels
import LlamaModel
import LlamaTensors
import Logging

/// The model that is measured.
struct Subject {
    /// Where its weights are.
    private enum Weights: String {
        /// In mapped files, as stored.
        case mapped
        /// In memory, expanded to float32.
        case expanded
        /// In memory, quantized.
        case quantized
        /// In memory, random.
        case random
    }

    /// What it is called: a path or a shape.
    let name: String
    /// Its shape.
    let configuration: ModelConfiguration
    /// The model.
    let transformer: Transformer
    private let weights: Weights
    private let cacheType: CacheType
    /// Bytes of the weights by type, most first, as they are computed with.
    private let dtypes: [(dtype: DType, byteCount: Int)]
    /// Time to open the checkpoint and convert its weights, or to make them.
    private let loadTime: Duration

    /// - Throws: ``CheckpointError``, ``KernelError``, ``LoadingError``, and ``Failure`` where memory would not fit or the
    ///   run was interrupted.
    ///
    /// - Parameter check: Receives the bytes of the weights that will be in memory, and refuses what does not fit.
    init(
        _ options: SubjectOptions, threads: Int?,
        check: (_ weights: Int, ModelConfiguration) throws(Failure) -> Void
    ) throws {
        let start = ContinuousClock.now
        cacheType = options.kvDtype
        let checkpoint: Checkpoint
        var loading = WeightLoading()
        if let path = options.checkpoints {
            let logger = Logger(label: "llama-bench") { _ in SwiftLogNoOpLogHandler() }
            checkpoint = try Checkpoint(at: path, logger: logger)
            loading.type = options.dtype.weightType ?? .stored
            let isQuantized = loading.type.quantization != nil
            name = path
            weights = isQuantized ? .quantized : loading.type == .float32 ? .expanded : .mapped
            try check(Memory.byteCount(of: checkpoint, as: loading.type), checkpoint.configuration)
        } else {
            let shape = options.shape ?? .tinyllama
            let (configuration, dtype) = (shape.configuration, options.dtype.randomType)
            let shapes = TensorRole.all(of: configuration).map { $0.shape(in: configuration) }
            try check(RandomWeights.byteCount(of: shapes, dtype), configuration)
            checkpoint = try RandomWeights.checkpoint(configuration, dtype, named: shape.rawValue)
            (name, weights) = (shape.rawValue, .random)
        }
        configuration = checkpoint.configuration
        let bar = weights == .quantized ? ByteProgress("quantizing") : nil
        defer { bar?.clear() }
        loading.threads = threads ?? KernelContext.processorCount
        loading.progress = { done, total in
            bar?.show(done, of: total)
            return !Interrupt.isRequested
        }
        transformer = try Transformer(checkpoint, loading)
        loadTime = ContinuousClock.now - start
        var bytes: [DType: Int] = [:]
        for matrix in transformer.matrices { bytes[matrix.dtype, default: 0] += matrix.byteCount }
        dtypes = bytes.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
            .map { ($0.key, $0.value) }
    }

    /// The type of most of the weights.
    var dtype: DType { dtypes.first?.dtype ?? .float32 }

    /// One line for a person.
    var text: String {
        let types = dtypes.map { "\($0.dtype.rawValue) \(Quantity.bytes($0.byteCount))" }
        return "\(name.oneLine()): \(weights.rawValue) weights, \(types.joined(separator: ", ")); "
            + "\(Quantity.parameters(configuration.parameterCount)) parameters"
    }

    /// The object that `--json` prints.
    var json: JSONText {
        .object([
            ("name", .string(name)), ("weights", .string(weights.rawValue)),
            (
                "dtypes",
                .array(
                    dtypes.map {
                        .object([("dtype", .string($0.dtype.rawValue)), ("bytes", .int($0.byteCount))])
                    })
            ),
            ("weight_bytes", .int(dtypes.reduce(0) { $0 + $1.byteCount })),
            ("parameters", .int(configuration.parameterCount)),
            ("load_seconds", .double(loadTime.seconds)),
            ("cache_bytes_per_position", .int(KVCache.bytesPerPosition(configuration, type: cacheType))),
        ])
    }
}

extension Transformer {
    /// All matrices that decoding a token multiplies by.
    var matrices: [WeightMatrix] { blockMatrices + [outputMatrix] }
}
