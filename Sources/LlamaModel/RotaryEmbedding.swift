import LlamaCheckpoints
import Glibc
import LlamaKernels

/// Tables of the rotations of every position (Su et al. 2021); Meta's `precompute_freqs_cis`.
///
/// They are filled as positions come to be used: a long context costs nothing before it is there.
package final class RotaryEmbedding {
    /// Attention with these rotations.
    let kernel: AttentionKernel
    /// Radians per position of each pair `[headDim / 2]`.
    private let frequencies: [Float]
    private var filled = 0
    // The tables `[positions, headDim / 2]` that `kernel` points into.
    private let cosineTable: FloatBuffer
    private let sineTable: FloatBuffer

    /// Cosines `[positions, headDim / 2]`; valid while the object lives.
    package var cosines: UnsafePointer<Float> { UnsafePointer(cosineTable.base) }
    /// Sines `[positions, headDim / 2]`; valid while the object lives.
    package var sines: UnsafePointer<Float> { UnsafePointer(sineTable.base) }

    /// - Parameter positions: Number of positions that the tables have room for.
    package init(_ configuration: ModelConfiguration, positions: Int) throws(KernelError) {
        frequencies = configuration.rope.inverseFrequencies(headDim: configuration.headDim)
        cosineTable = try FloatBuffer(count: positions * frequencies.count)
        sineTable = try FloatBuffer(count: positions * frequencies.count)
        kernel = AttentionKernel(
            nHeads: configuration.nHeads, nKVHeads: configuration.nKVHeads, headDim: configuration.headDim,
            halves: configuration.ropeLayout == .halves, cosines: cosineTable.base, sines: sineTable.base)
    }

    /// Sees to it that the first `count` positions are filled; at most as many as there is room for.
    package func fill(positions count: Int) {
        while filled < count {
            for (index, frequency) in frequencies.enumerated() {
                let angle = Float(filled) * frequency
                cosineTable.base[filled * frequencies.count + index] = cosf(angle)
                sineTable.base[filled * frequencies.count + index] = sinf(angle)
            }
            filled += 1
        }
    }
}
