import CLlamaKernels

/// The heads of an attention layer, and the table of the rotations of its queries and keys.
package struct AttentionShape {
    /// Number of query heads.
    package let nHeads: Int
    /// Number of key and value heads; divides `nHeads`.
    package let nKVHeads: Int
    /// Width of a head; even.
    package let headDim: Int
    let rotations: RotaryTable
    private let halves: Bool

    /// - Parameters:
    ///   - halves: Whether a rotated pair is (i, i + headDim / 2) rather than (2i, 2i + 1).
    ///   - rotations: The arena that owns the table must outlive the shape.
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)`` for heads that do not group, an odd head, or
    ///   rotations of another width.
    package init(
        nHeads: Int, nKVHeads: Int, headDim: Int, halves: Bool, rotations: RotaryTable
    ) throws(KernelError) {
        guard nHeads > 0, nKVHeads > 0, nHeads % nKVHeads == 0, headDim > 0, headDim % 2 == 0 else {
            throw .shapeMismatch(
                operand: "attention heads (query, key-value, width)", expected: [nHeads, nHeads, headDim],
                found: [nHeads, nKVHeads, headDim])
        }
        try rotations.cosines.requireShape(rotations.positions, headDim / 2, "table of rotations")
        self.nHeads = nHeads
        self.nKVHeads = nKVHeads
        self.headDim = headDim
        self.halves = halves
        self.rotations = rotations
    }

    var kernelShape: lk_attention_shape {
        lk_attention_shape(
            n_heads: nHeads, n_kv_heads: nKVHeads, head_dim: headDim,
            rope_layout: halves ? LK_ROPE_HALVES : LK_ROPE_INTERLEAVED, rope_cos: rotations.cosines.base,
            rope_sin: rotations.sines.base, scale: 1 / Float(headDim).squareRoot())
    }
}

/// Cosines and sines of the angle of every pair at every position.
package struct RotaryTable {
    /// `[positions, headDim / 2]`.
    package let cosines: FloatMatrix
    /// `[positions, headDim / 2]`.
    package let sines: FloatMatrix

    /// Number of positions that the table has room for.
    package var positions: Int { cosines.rows }

    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)`` where the two differ in shape.
    package init(cosines: FloatMatrix, sines: FloatMatrix) throws(KernelError) {
        try sines.requireShape(cosines.rows, cosines.columns, "sines")
        self.cosines = cosines
        self.sines = sines
    }
}
