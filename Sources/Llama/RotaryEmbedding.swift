import Checkpoints
import Glibc
import Kernels

/// Tables of the rotations of every position (Su et al. 2021); Meta's `precompute_freqs_cis`.
struct RotaryEmbedding {
    /// Attention with these rotations.
    let kernel: AttentionKernel
    // Keeps the tables `[positions, headDim / 2]` that `kernel` points into.
    private let cosines: FloatBuffer
    private let sines: FloatBuffer

    /// - Parameter frequencies: Radians per position of each pair `[headDim / 2]`.
    init(_ configuration: ModelConfiguration, frequencies: [Float], positions: Int) throws(KernelError) {
        cosines = try FloatBuffer(count: positions * frequencies.count)
        sines = try FloatBuffer(count: positions * frequencies.count)
        var index = 0
        for position in 0..<positions {
            for frequency in frequencies {
                let angle = Float(position) * frequency
                cosines.base[index] = cosf(angle)
                sines.base[index] = sinf(angle)
                index += 1
            }
        }
        kernel = AttentionKernel(
            nHeads: configuration.nHeads, nKVHeads: configuration.nKVHeads, headDim: configuration.headDim,
            halves: configuration.ropeLayout == .halves, cosines: cosines.base, sines: sines.base)
    }
}
