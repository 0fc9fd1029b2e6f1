import Glibc
import LlamaCheckpoints
import LlamaKernels

/// Tables of the rotations of every position (Su et al. 2021); Meta's `precompute_freqs_cis`.
///
/// Positions are filled in when they are first used, so that a long context costs nothing before it is reached.
package final class RotaryEmbedding {
    /// Attention with these rotations.
    let attention: AttentionShape
    /// The rotations; valid while the object lives.
    package let table: RotaryTable
    /// Radians per position of each pair `[headDim / 2]`.
    private let frequencies: [Float]
    private var filled = 0
    private let arena = FloatArena()

    /// - Parameter positions: Number of positions that the tables have room for.
    package init(_ configuration: ModelConfiguration, positions: Int) throws(KernelError) {
        frequencies = configuration.rope.inverseFrequencies(headDim: configuration.headDim)
        table = try RotaryTable(
            cosines: arena.matrix(rows: positions, columns: frequencies.count),
            sines: arena.matrix(rows: positions, columns: frequencies.count))
        attention = try AttentionShape(
            nHeads: configuration.nHeads, nKVHeads: configuration.nKVHeads, headDim: configuration.headDim,
            halves: configuration.ropeLayout == .halves, rotations: table)
    }

    /// Fills the first `count` positions, at most as many as there is room for.
    package func fill(positions count: Int) {
        let end = min(count, table.positions)
        guard filled < end else { return }
        table.cosines.withMutableSpan { cosines in
            table.sines.withMutableSpan { sines in
                for position in filled..<end {
                    for (pair, frequency) in frequencies.enumerated() {
                        let angle = Float(position) * frequency
                        // Rounded from double precision, they are the same with any C library.
                        cosines[position * frequencies.count + pair] = Float(cos(Double(angle)))
                        sines[position * frequencies.count + pair] = Float(sin(Double(angle)))
                    }
                }
            }
        }
        filled = end
    }
}
