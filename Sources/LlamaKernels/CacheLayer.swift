import CLlamaKernels

/// How keys and values are held.
package enum CacheType: String, CaseIterable, Sendable {
    /// As they are computed.
    case float32
    /// Rounded to binary16, as other programs do: half the memory and half the reading. Values from 65,520 on become
    /// infinite.
    case float16

    /// Bytes of an element.
    package var byteCount: Int { self == .float32 ? 4 : 2 }

    var dtype: lk_dtype { self == .float32 ? LK_F32 : LK_F16 }
}

/// One layer's keys and values: `[slots, nKVHeads, capacity, headDim]` each, the keys transposed within blocks of
/// ``positionBlock`` positions.
package struct CacheLayer {
    /// Positions in a block of the key cache; the capacity is a multiple of it.
    package static var positionBlock: Int { Int(LK_POSITION_LANES) }

    /// Number of sequences.
    package let slots: Int
    /// Positions of each.
    package let capacity: Int
    private let nKVHeads: Int
    private let headDim: Int
    let layer: lk_cache_layer

    /// - Parameters:
    ///   - keys: Memory of `[slots, nKVHeads * capacity * headDim]` elements of the type, likewise `values`.
    ///   - capacity: A multiple of ``positionBlock``.
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)``.
    package init(
        keys: FloatMatrix, values: FloatMatrix, type: CacheType = .float32, nKVHeads: Int, capacity: Int,
        headDim: Int
    ) throws(KernelError) {
        guard capacity % Self.positionBlock == 0 else {
            throw .shapeMismatch(
                operand: "capacity of the cache, a multiple of \(Self.positionBlock)",
                expected: [capacity / Self.positionBlock * Self.positionBlock], found: [capacity])
        }
        let elements = nKVHeads * capacity * headDim
        try keys.requireShape(keys.rows, Self.floatCount(elements, type), "keys of the cache")
        try values.requireShape(keys.rows, keys.columns, "values of the cache")
        slots = keys.rows
        self.capacity = capacity
        self.nKVHeads = nKVHeads
        self.headDim = headDim
        layer = lk_cache_layer(
            dtype: type.dtype, keys: keys.base, values: values.base, slot_stride: elements,
            head_stride: capacity * headDim)
    }

    /// Floats whose memory holds some elements of a type; their number is a multiple of ``positionBlock``.
    package static func floatCount(_ elements: Int, _ type: CacheType) -> Int {
        elements * type.byteCount / MemoryLayout<Float>.size
    }

    /// Copies the first positions of a sequence to another one.
    ///
    /// - Parameters:
    ///   - positions: At most ``capacity``.
    ///   - source: A slot, likewise `target`.
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    package func copy(positions: Int, from source: Int, to target: Int) throws(KernelError) {
        for slot in [source, target] where !(0..<slots).contains(slot) {
            throw .invalidBatch(what: "slot", expected: "one below \(slots)", found: "\(slot)")
        }
        guard (0...capacity).contains(positions) else {
            throw .invalidBatch(what: "positions", expected: "0 to \(capacity)", found: "\(positions)")
        }
        guard source != target else { return }
        // Keys are transposed within blocks, so whole blocks are copied.
        let blocks = (positions + Self.positionBlock - 1) / Self.positionBlock
        let count = blocks * Self.positionBlock * headDim
        let size = layer.dtype == LK_F16 ? 2 : 4
        for head in 0..<nKVHeads {
            let (from, to) = (
                source * layer.slot_stride + head * layer.head_stride,
                target * layer.slot_stride + head * layer.head_stride
            )
            for case let memory? in [layer.keys, layer.values] {
                (memory + to * size).copyMemory(from: memory + from * size, byteCount: count * size)
            }
        }
    }

    /// That the batch's positions and slots exist, in a cache for such heads.
    @inline(__always)
    func require(_ batch: RowBatch, _ shape: AttentionShape) throws(KernelError) {
        guard nKVHeads == shape.nKVHeads, headDim == shape.headDim else {
            throw .shapeMismatch(
                operand: "heads of the cache", expected: [shape.nKVHeads, shape.headDim],
                found: [nKVHeads, headDim])
        }
        try batch.require(slots: slots, positions: min(capacity, shape.rotations.positions))
    }
}
