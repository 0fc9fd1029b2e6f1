import CLlamaKernels

/// One layer's keys and values: `[pages, nKVHeads, positions of a page, headDim]` each, the keys transposed within blocks
/// of ``positionBlock`` positions; a table says whose pages they are.
package struct CacheLayer {
    /// Positions in a block of the key cache.
    package static var positionBlock: Int { Int(LK_POSITION_LANES) }

    private let table: PageTable
    private let nKVHeads: Int
    private let headDim: Int
    private let pageBytes: Int
    let layer: lk_cache_layer

    /// - Parameters:
    ///   - keys: Memory of `[pages, pageElements]` elements of the type, likewise `values`.
    ///   - table: The arena that owns it must outlive the layer.
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)``.
    package init(
        keys: FloatMatrix, values: FloatMatrix, type: CacheType = .float32, nKVHeads: Int, headDim: Int,
        table: PageTable
    ) throws(KernelError) {
        let elements = Self.pageElements(nKVHeads: nKVHeads, headDim: headDim)
        try keys.requireShape(table.pages, Self.floatCount(elements, type), "keys of the cache")
        try values.requireShape(table.pages, keys.columns, "values of the cache")
        self.table = table
        self.nKVHeads = nKVHeads
        self.headDim = headDim
        pageBytes = elements * type.byteCount
        layer = lk_cache_layer(
            dtype: type.dtype, keys: keys.base, values: values.base, pages: table.base,
            table_stride: table.pagesPerSlot)
    }

    /// Elements of a page's keys, or of its values.
    package static func pageElements(nKVHeads: Int, headDim: Int) -> Int {
        PageTable.positions * nKVHeads * headDim
    }

    /// Floats whose memory holds some elements of a type; their number is a multiple of ``positionBlock``.
    package static func floatCount(_ elements: Int, _ type: CacheType) -> Int {
        elements * type.byteCount / MemoryLayout<Float>.size
    }

    /// Copies a page's keys and values to another page.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    package func copyPage(_ source: Int, to target: Int) throws(KernelError) {
        for page in [source, target] where !(0..<table.pages).contains(page) {
            throw .invalidBatch(
                what: "page of the cache", expected: "one below \(table.pages)", found: "\(page)")
        }
        guard source != target else { return }
        for case let memory? in [layer.keys, layer.values] {
            (memory + target * pageBytes).copyMemory(from: memory + source * pageBytes, byteCount: pageBytes)
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
        try batch.require(slots: table.slots, positions: min(table.capacity, shape.rotations.positions))
    }
}
