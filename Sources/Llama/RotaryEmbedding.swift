import Checkpoints
import Glibc
import Kernels

/// Tables of the rotations of every position (Su et al. 2021); Meta's `precompute_freqs_cis`.
public struct RotaryEmbedding {
    /// Attention with these rotations.
    let kernel: AttentionKernel
    // The tables `[positions, headDim / 2]` that `kernel` points into.
    private let cosineTable: FloatBuffer
    private let sineTable: FloatBuffer

    /// Cosines `[positions, headDim / 2]`; valid while the value lives.
    public var cosines: UnsafePointer<Float> { UnsafePointer(cosineTable.base) }
    /// Sines `[positions, headDim / 2]`; valid while the value lives.
    public var sines: UnsafePointer<Float> { UnsafePointer(sineTable.base) }

    /// - Parameter frequencies: Radians per position of each pair `[headDim / 2]`.
    public init(_ configuration: ModelConfiguration, frequencies: [Float], positions: Int) throws(KernelError)
    {
        cosineTable = try FloatBuffer(count: positions * frequencies.count)
        sineTable = try FloatBuffer(count: positions * frequencies.count)
        var index = 0
        for position in 0..<positions {
            for frequency in frequencies {
                let angle = Float(position) * frequency
                cosineTable.base[index] = cosf(angle)
                sineTable.base[index] = sinf(angle)
                index += 1
            }
        }
        kernel = AttentionKernel(
            nHeads: configuration.nHeads, nKVHeads: configuration.nKVHeads, headDim: configuration.headDim,
            halves: configuration.ropeLayout == .halves, cosines: cosineTable.base, sines: sineTable.base)
    }
}
