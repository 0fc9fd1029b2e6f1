import CLlamaKernels

/// The shape of an attention layer, and where its rotations are tabulated.
package struct AttentionKernel {
    /// Positions per block of the key cache: the lanes of the widest vector.
    package static let positionBlock = 16

    var shape: lk_attention_shape

    /// - Parameters:
    ///   - halves: Whether a rotated pair is (i, i + headDim / 2) rather than (2i, 2i + 1).
    ///   - cosines: `[positions, headDim / 2]`; must outlive the kernel's use, as must `sines`.
    package init(
        nHeads: Int, nKVHeads: Int, headDim: Int, halves: Bool, cosines: UnsafePointer<Float>,
        sines: UnsafePointer<Float>
    ) {
        shape = lk_attention_shape(
            n_heads: nHeads, n_kv_heads: nKVHeads, head_dim: headDim,
            rope_layout: halves ? LK_ROPE_HALVES : LK_ROPE_INTERLEAVED, rope_cos: cosines, rope_sin: sines,
            scale: 1 / Float(headDim).squareRoot())
    }
}

/// One layer's keys and values, `[slots, kvHeads, capacity, headDim]` each (keys transposed in blocks).
package struct CacheLayer {
    var layer: lk_cache_layer

    /// - Parameters:
    ///   - keys: First float of slot 0, head 0; likewise `values`.
    ///   - slotStride: Floats from one slot to the next.
    ///   - headStride: Floats from one head to the next.
    package init(
        keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>, slotStride: Int,
        headStride: Int
    ) {
        layer = lk_cache_layer(keys: keys, values: values, slot_stride: slotStride, head_stride: headStride)
    }
}
