import LlamaCheckpoints
import LlamaKernels

/// Everything that changes while a Transformer runs: the cache, and one arena of activations.
///
/// Allocated once; a forward pass allocates nothing. One forward pass at a time may use it.
package final class InferenceState {
    /// The configuration of the models that may use this state.
    package let configuration: ModelConfiguration
    /// Most rows that one forward pass takes.
    package var rowCapacity: Int { batch.capacity }
    /// Keys and values of the sequences.
    package let cache: KVCache
    /// Instruction set and threads.
    package let kernels: KernelContext
    /// The rows of the next forward pass.
    package let batch: RowBatch
    private let rope: RotaryEmbedding
    private let activations: Activations
    /// Logits of some rows at a time `[logit rows, vocabularySize]`.
    let logits: FloatMatrix
    private let arena: FloatArena
    private var lastFileCheck: ContinuousClock.Instant?

    /// Time that passes at least between two checks of the weights' files; shorter than a pass of most models.
    package static let fileCheckInterval = Duration.milliseconds(1)

    /// - Parameters:
    ///   - slots: Sequences held at once.
    ///   - length: Longest sequence, in tokens.
    ///   - rows: Most rows of one pass: a longer prompt runs in several.
    package convenience init(
        _ configuration: ModelConfiguration, slots: Int, length: Int, rows: Int = 256,
        cacheType: CacheType = .float32, kernels: KernelContext
    ) throws(KernelError) {
        let cache = try KVCache(configuration, slots: slots, length: length, type: cacheType)
        try self.init(configuration, cache: cache, rows: max(rows, slots), kernels: kernels)
    }

    /// - Parameters:
    ///   - cache: One of the same configuration, which nothing else uses.
    ///   - rows: Most rows of one pass.
    package init(
        _ configuration: ModelConfiguration, cache: KVCache, rows: Int, kernels: KernelContext
    ) throws(KernelError) {
        self.configuration = configuration
        self.kernels = kernels
        self.cache = cache
        rope = try RotaryEmbedding(configuration, positions: cache.capacity)
        batch = RowBatch(capacity: rows)
        arena = FloatArena()
        activations = try Activations(configuration, rows: batch.capacity, in: arena)
        logits = try arena.matrix(rows: min(32, batch.capacity), columns: configuration.vocabularySize)
    }

    /// Checks the batch once for all the layers, and makes room in the cache for its rows.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    func begin() throws(KernelError) -> ForwardPass {
        try cache.extend(by: batch)
        rope.fill(positions: batch.positionEnd)
        return ForwardPass(
            kernels: kernels, batch: batch, attention: rope.attention,
            activations: try Activations(activations, prefix: batch.count))
    }

    /// Whether ``fileCheckInterval`` has passed since this was last true.
    func isFileCheckDue() -> Bool {
        let now = ContinuousClock().now
        if let lastFileCheck, now - lastFileCheck < Self.fileCheckInterval { return false }
        lastFileCheck = now
        return true
    }
}
