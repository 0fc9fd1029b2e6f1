import LlamaCheckpoints
import LlamaKernels

/// Everything that changes while a Transformer runs: the cache, and one arena of activations.
///
/// Allocated once; a forward pass allocates nothing. One forward pass at a time may use it.
package final class InferenceState {
    /// Most rows that one forward pass takes.
    package var rowCapacity: Int { batch.capacity }
    /// Keys and values of the sequences.
    package let cache: KVCache
    /// Instruction set and threads.
    package let kernels: KernelContext
    /// The rows of the next forward pass.
    package let batch: RowBatch
    let rope: RotaryEmbedding
    /// How many rows of logits fit at once.
    let logitsCapacity: Int
    /// Residual stream `[rows, dim]`.
    let x: UnsafeMutablePointer<Float>
    /// Normed input of a layer `[rows, dim]`.
    let h: UnsafeMutablePointer<Float>
    /// Queries `[rows, nHeads * headDim]`.
    let q: UnsafeMutablePointer<Float>
    /// Keys `[rows, nKVHeads * headDim]`.
    let k: UnsafeMutablePointer<Float>
    /// Values `[rows, nKVHeads * headDim]`.
    let v: UnsafeMutablePointer<Float>
    /// Attention output of all heads `[rows, nHeads * headDim]`.
    let heads: UnsafeMutablePointer<Float>
    /// `silu(w1 h) * w3 h` `[rows, hiddenDim]`.
    let gate: UnsafeMutablePointer<Float>
    /// `w3 h` `[rows, hiddenDim]`.
    let up: UnsafeMutablePointer<Float>
    /// Logits `[logitsCapacity, vocabularySize]`.
    let logits: UnsafeMutablePointer<Float>
    private let arena: FloatBuffer

    /// - Parameters:
    ///   - slots: Sequences held at once.
    ///   - length: Longest sequence, in tokens.
    ///   - rows: Most rows of one pass: a longer prompt runs in several.
    package init(
        _ configuration: ModelConfiguration, slots: Int, length: Int, rows: Int = 256, kernels: KernelContext
    ) throws(KernelError) {
        self.kernels = kernels
        cache = try KVCache(configuration, slots: slots, length: length)
        rope = try RotaryEmbedding(configuration, positions: cache.capacity)
        batch = RowBatch(capacity: max(rows, slots))
        logitsCapacity = min(32, batch.capacity)
        let queries = configuration.nHeads * configuration.headDim
        let keys = configuration.nKVHeads * configuration.headDim
        let perRow = [
            configuration.dim, configuration.dim, queries, keys, keys, queries, configuration.hiddenDim,
            configuration.hiddenDim,
        ]
        // Every buffer starts on a cache line.
        let rowCapacity = max(rows, slots)
        let sizes = (perRow.map { $0 * rowCapacity } + [logitsCapacity * configuration.vocabularySize])
            .map { ($0 + 15) / 16 * 16 }
        arena = try FloatBuffer(count: sizes.reduce(0, +))
        var next = arena.base
        let starts = sizes.map { size in
            defer { next += size }
            return next
        }
        (x, h, q, k, v) = (starts[0], starts[1], starts[2], starts[3], starts[4])
        (heads, gate, up, logits) = (starts[5], starts[6], starts[7], starts[8])
    }
}
