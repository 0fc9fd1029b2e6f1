internal import LlamaGeneration
internal import LlamaKernels
internal import LlamaModel

/// How a model computes, and how much memory and how many threads it uses for all of its requests together.
///
/// None of it changes what a request gets, but for ``activations-swift.property`` and ``cacheType-swift.property``, which
/// round numbers.
public struct LlamaOptions: Sendable, Equatable {
    /// How activations are multiplied by quantized and BF16 weights. It makes no difference to other weights.
    public enum Activations: Sendable {
        /// By quantized weights, quantized to 8-bit integers in blocks like the weights': faster.
        case int8
        /// As ``int8``; by BF16 weights, rounded to bfloat16: faster, but not the same on every processor. Only with
        /// AVX-512 BF16.
        case bfloat16
        /// As they are: exact.
        case float32
    }

    /// How the keys and values of earlier tokens are held.
    public enum CacheType: Sendable {
        /// As they are computed.
        case float32
        /// Rounded to 16-bit floats: half the memory, and faster in long texts.
        case float16
    }

    /// Threads to compute with, 1 to 1024; nil for the number of processors this process may use.
    public var threads: Int?
    /// Most sequences computed at the same time, 1 to 1024; the rest wait, first come, first served. Each sample and each
    /// beam of a request is a sequence.
    public var maximumBatchSize = 8
    /// Most tokens of prompt and completion together; nil for the model's context length (4096 where the checkpoint does
    /// not state one).
    public var contextLength: Int?
    /// Most bytes of keys and values; nil for a quarter of the machine's memory. No more is used than
    /// ``maximumBatchSize`` sequences of the context length need, and what is not used costs nothing. What does not fit
    /// waits.
    public var cacheMemory: Int?
    /// How the keys and values of earlier tokens are held.
    public var cacheType = CacheType.float32
    /// How activations are multiplied by quantized and BF16 weights.
    public var activations = Activations.int8

    /// The default options.
    public init() {}

    /// Checks the values.
    ///
    /// - Throws: ``LlamaError`` of the kind ``LlamaError/Kind/invalidArgument``.
    func validate(for model: LoadedModel) throws(LlamaError) {
        try LlamaError.require((1...1024).contains(threadCount), "threads", "1 to 1024", threadCount)
        try LlamaError.require(
            (1...1024).contains(maximumBatchSize), "maximumBatchSize", "1 to 1024", maximumBatchSize)
        let length = contextLength(of: model)
        try LlamaError.require((1...10_000_000).contains(length), "contextLength", "1 to 10000000", length)
        try LlamaError.translating {
            _ = try limits(for: model).pageCount(model.transformer.configuration)
            let set = InstructionSet.best
            guard activations != .bfloat16 || set.multipliesBFloat16 else {
                throw KernelError.unsupportedBFloat16(set)
            }
        }
    }

    /// The context length in effect.
    func contextLength(of model: LoadedModel) -> Int { contextLength ?? model.contextLength }

    /// The engine's limits.
    func limits(for model: LoadedModel) -> EngineLimits {
        var limits = EngineLimits(positions: contextLength(of: model))
        limits.sequences = maximumBatchSize
        limits.cacheType = cacheType == .float32 ? .float32 : .float16
        limits.cacheBytes = cacheMemory ?? PhysicalMemory.byteCount / 4
        return limits
    }

    var activationType: ActivationType {
        switch activations {
        case .int8: .int8
        case .bfloat16: .bfloat16
        case .float32: .float32
        }
    }

    var threadCount: Int { threads ?? KernelContext.processorCount }
}
