internal import LlamaGeneration
internal import LlamaKernels

/// How prompts are completed.
public struct CompletionOptions: Sendable, Equatable {
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

    /// Most tokens to generate per prompt; 0 generates none.
    public var maximumTokens = 128
    /// Most tokens of prompt and completion together; nil for the model's context length (4096 where the checkpoint does
    /// not state one).
    public var maximumSequenceLength: Int?
    /// Most prompts completed at the same time, 1 to 1024; the rest wait.
    public var maximumBatchSize = 8
    /// Divides the logits; 0 always picks the likeliest token.
    public var temperature: Float = 0.6
    /// Samples from the likeliest tokens that together have this probability: above 0, at most 1.
    public var topP: Float = 0.9
    /// Seed of the random numbers: the same seed gives the same text.
    public var seed: UInt64 = 0
    /// Token ids that end a completion, besides those of the model.
    public var additionalStopTokenIDs: Set<Int32> = []
    /// How activations are multiplied by quantized and BF16 weights.
    public var activations = Activations.int8
    /// How the keys and values of earlier tokens are held.
    public var cacheType = CacheType.float32
    /// Threads to compute with, 1 to 1024; nil for the number of processors this process may use.
    public var threads: Int?

    /// The default options.
    public init() {}

    /// The greedy choice of tokens: temperature 0.
    public static var greedy: CompletionOptions {
        var options = CompletionOptions()
        options.temperature = 0
        return options
    }

    func generationOptions(for model: LoadedModel) throws(LlamaError) -> GenerationOptions {
        try require(maximumTokens >= 0, "maximumTokens", "at least 0", maximumTokens)
        let length = maximumSequenceLength ?? model.contextLength
        try require((1...10_000_000).contains(length), "maximumSequenceLength", "1 to 10000000", length)
        try require((1...1024).contains(maximumBatchSize), "maximumBatchSize", "1 to 1024", maximumBatchSize)
        try require(temperature >= 0 && temperature.isFinite, "temperature", "at least 0", temperature)
        try require(topP > 0 && topP <= 1, "topP", "above 0, at most 1", topP)
        var options = model.generationOptions
        options.maxSequenceLength = length
        options.maxGenerationLength = maximumTokens
        options.sampling = SamplingOptions()
        options.sampling.temperature = temperature
        options.sampling.topP = topP
        options.sampling.seed = seed
        options.stopTokens.formUnion(additionalStopTokenIDs)
        return options
    }

    func limits(for options: GenerationOptions) -> EngineLimits {
        var limits = EngineLimits(positions: options.maxSequenceLength)
        limits.sequences = maximumBatchSize
        limits.cacheType = cacheType == .float32 ? .float32 : .float16
        return limits
    }

    var activationType: ActivationType {
        switch activations {
        case .int8: .int8
        case .bfloat16: .bfloat16
        case .float32: .float32
        }
    }

    var threadCount: Int {
        get throws(LlamaError) {
            let count = threads ?? KernelContext.processorCount
            try require((1...1024).contains(count), "threads", "1 to 1024", count)
            return count
        }
    }

    private func require(
        _ holds: Bool, _ option: String, _ expected: String, _ found: some CustomStringConvertible
    ) throws(LlamaError) {
        guard !holds else { return }
        throw LlamaError(
            kind: .invalidArgument, description: "\(option): expected \(expected), found \(found)")
    }
}
