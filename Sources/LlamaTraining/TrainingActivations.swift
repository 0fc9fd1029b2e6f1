import LlamaCheckpoints
import LlamaKernels

/// What one Transformer block keeps of a forward pass for the backward pass. `rows` is batch times length.
struct BlockActivations {
    /// Input `[rows, dim]`.
    let x: UnsafeMutablePointer<Float>
    /// Normed input of attention `[rows, dim]`, and the norm's `1 / rms [rows]`.
    let attentionNormed: UnsafeMutablePointer<Float>
    let attentionRstd: UnsafeMutablePointer<Float>
    /// Rotated queries `[rows, nHeads * headDim]`.
    let q: UnsafeMutablePointer<Float>
    /// Rotated keys and values `[rows, nKVHeads * headDim]`.
    let k: UnsafeMutablePointer<Float>
    let v: UnsafeMutablePointer<Float>
    /// Output of all heads `[rows, nHeads * headDim]`, and the softmax's normalizer `[batch, nHeads, length]`.
    let heads: UnsafeMutablePointer<Float>
    let lse: UnsafeMutablePointer<Float>
    /// Residual stream between attention and feed-forward `[rows, dim]`.
    let middle: UnsafeMutablePointer<Float>
    /// Normed input of the feed-forward layer `[rows, dim]`, and the norm's `1 / rms [rows]`.
    let ffnNormed: UnsafeMutablePointer<Float>
    let ffnRstd: UnsafeMutablePointer<Float>
    /// `w1 h`, `w3 h` and `silu(w1 h) * w3 h`, each `[rows, hiddenDim]`.
    let gate: UnsafeMutablePointer<Float>
    let up: UnsafeMutablePointer<Float>
    let hidden: UnsafeMutablePointer<Float>
}

/// The activations of a training step and the gradients that flow back through them, allocated once.
final class TrainingActivations {
    let rows: Int
    let blocks: [BlockActivations]
    /// Output of the last block `[rows, dim]`, its norm, and the norm's `1 / rms`.
    let last: UnsafeMutablePointer<Float>
    let normed: UnsafeMutablePointer<Float>
    let rstd: UnsafeMutablePointer<Float>
    /// Logits of some rows at a time `[logitRows, vocabularySize]`.
    let logits: UnsafeMutablePointer<Float>
    let logitRows: Int
    let losses: UnsafeMutablePointer<Float>
    /// Gradient of the residual stream, and of a normed input `[rows, dim]`.
    let dx: UnsafeMutablePointer<Float>
    let dnormed: UnsafeMutablePointer<Float>
    let dq: UnsafeMutablePointer<Float>
    let dk: UnsafeMutablePointer<Float>
    let dv: UnsafeMutablePointer<Float>
    let dheads: UnsafeMutablePointer<Float>
    let dgate: UnsafeMutablePointer<Float>
    let dup: UnsafeMutablePointer<Float>
    let scratch: UnsafeMutablePointer<Float>
    private let arena: FloatBuffer

    init(
        _ configuration: ModelConfiguration, batch: Int, length: Int, attention: CausalAttention,
        kernels: KernelContext
    ) throws(KernelError) {
        rows = batch * length
        // Large vocabularies are taken in pieces of about 32 MB.
        logitRows = min(rows, max(1, (8 << 20) / configuration.vocabularySize))
        let dim = rows * configuration.dim
        let queries = rows * configuration.nHeads * configuration.headDim
        let keys = rows * configuration.nKVHeads * configuration.headDim
        let hidden = rows * configuration.hiddenDim
        let block = [
            dim, dim, rows, queries, keys, keys, queries, rows * configuration.nHeads, dim, dim, rows, hidden,
            hidden,
            hidden,
        ]
        let shared = [
            dim, dim, rows, logitRows * configuration.vocabularySize, rows, dim, dim, queries, keys, keys,
            queries,
            hidden, hidden,
            max(attention.scratchCount(on: kernels), KernelContext.normScratchCount(dim: configuration.dim)),
        ]
        let total = (block.map(TrainingActivations.padded).reduce(0, +)) * configuration.nLayers
        let arena = try FloatBuffer(count: total + shared.map(TrainingActivations.padded).reduce(0, +))
        var end = arena.base
        func take(_ sizes: [Int]) -> [UnsafeMutablePointer<Float>] {
            sizes.map { size in
                defer { end += TrainingActivations.padded(size) }
                return end
            }
        }
        var blocks: [BlockActivations] = []
        for _ in 0..<configuration.nLayers {
            let p = take(block)
            blocks.append(
                BlockActivations(
                    x: p[0], attentionNormed: p[1], attentionRstd: p[2], q: p[3], k: p[4], v: p[5],
                    heads: p[6],
                    lse: p[7], middle: p[8], ffnNormed: p[9], ffnRstd: p[10], gate: p[11], up: p[12],
                    hidden: p[13]))
        }
        self.blocks = blocks
        let p = take(shared)
        (last, normed, rstd, logits, losses, dx, dnormed) = (p[0], p[1], p[2], p[3], p[4], p[5], p[6])
        (dq, dk, dv, dheads, dgate, dup, scratch) = (p[7], p[8], p[9], p[10], p[11], p[12], p[13])
        self.arena = arena
    }

    /// Every buffer starts on a cache line.
    private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
