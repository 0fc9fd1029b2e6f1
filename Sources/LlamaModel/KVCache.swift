import LlamaCheckpoints
import LlamaKernels

/// Keys and values of every position seen, for a number of independent sequences ("slots"), in pages of
/// ``PageTable/positions`` positions.
///
/// Memory is reserved for all pages and committed as positions are filled:
/// `2 * nLayers * nKVHeads * headDim * type.byteCount` bytes a position.
package final class KVCache {
    /// Number of sequences that can be held at once.
    package let slots: Int
    /// Positions that each slot can hold; a multiple of ``PageTable/positions``.
    package let capacity: Int
    /// Number of pages.
    package let pages: Int
    /// The cache of each Transformer block.
    let layers: [CacheLayer]
    private let table: PageTable
    /// How many positions of each slot are filled.
    private var lengths: [Int]
    // What ``lengths`` becomes where the whole batch fits; kept so that a pass allocates nothing.
    private var extended: [Int]
    private let arena = FloatArena()

    /// A cache in which every slot has pages of its own for all its positions.
    ///
    /// - Parameter length: Least number of positions per slot.
    package convenience init(
        _ configuration: ModelConfiguration, slots: Int, length: Int, type: CacheType = .float32
    ) throws(KernelError) {
        let perSlot = try Self.pageCount(length)
        let (pages, overflow) = slots.multipliedReportingOverflow(by: perSlot)
        guard !overflow else { throw .outOfMemory(byteCount: Int.max) }
        try self.init(configuration, pages: max(pages, 1), slots: slots, length: length, type: type)
        for slot in 0..<slots {
            for index in 0..<perSlot { try table.setPage(slot, index, to: slot * perSlot + index) }
        }
    }

    /// A cache whose pages are given to slots by ``setPage(_:_:to:)``.
    ///
    /// - Parameter length: Least number of positions that a slot can hold.
    package init(
        _ configuration: ModelConfiguration, pages: Int, slots: Int, length: Int, type: CacheType = .float32
    ) throws(KernelError) {
        guard slots >= 0 else { throw .outOfMemory(byteCount: Int.max) }
        self.slots = slots
        self.pages = pages
        table = try PageTable(
            slots: slots, pagesPerSlot: Self.pageCount(length), pages: pages, in: arena)
        capacity = table.capacity
        let pageWidth = CacheLayer.floatCount(
            CacheLayer.pageElements(nKVHeads: configuration.nKVHeads, headDim: configuration.headDim), type)
        let (rows, overflow) = pages.multipliedReportingOverflow(by: configuration.nLayers)
        guard !overflow else { throw .outOfMemory(byteCount: Int.max) }
        let keys = try arena.matrix(rows: rows, columns: pageWidth)
        let values = try arena.matrix(rows: rows, columns: pageWidth)
        var layers: [CacheLayer] = []
        for layer in 0..<configuration.nLayers {
            let range = layer * pages..<(layer + 1) * pages
            layers.append(
                try CacheLayer(
                    keys: keys.rows(range), values: values.rows(range), type: type,
                    nKVHeads: configuration.nKVHeads, headDim: configuration.headDim, table: table))
        }
        self.layers = layers
        lengths = Array(repeating: 0, count: slots)
        extended = lengths
    }

    /// Pages that hold some positions.
    ///
    /// - Throws: ``KernelError/outOfMemory(byteCount:)`` for more positions than the kernels count, which is with 32 bits.
    package static func pageCount(_ positions: Int) throws(KernelError) -> Int {
        guard (0..<Int(Int32.max) - PageTable.positions).contains(positions) else {
            throw .outOfMemory(byteCount: Int.max)
        }
        return (positions + PageTable.positions - 1) / PageTable.positions
    }

    /// Counts the batch's positions as filled. A position may be filled again, which forgets those after it.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)`` for a slot or position that does not exist, or a
    ///   position that does not follow the filled ones of its slot.
    func extend(by batch: RowBatch) throws(KernelError) {
        guard batch.slotEnd <= slots else {
            throw .invalidBatch(
                what: "slot of the cache", expected: "one below \(slots)", found: "\(batch.slotEnd - 1)")
        }
        guard batch.positionEnd <= capacity else {
            throw .invalidBatch(
                what: "position of the cache", expected: "one below \(capacity)",
                found: "\(batch.positionEnd - 1)")
        }
        for slot in lengths.indices { extended[slot] = lengths[slot] }
        for row in 0..<batch.count {
            let (position, slot) = try batch.location(of: row)
            guard position <= extended[slot] else {
                throw .invalidBatch(
                    what: "position of row \(row) in slot \(slot) of the cache",
                    expected: "at most \(extended[slot])", found: "\(position)")
            }
            extended[slot] = position + 1
        }
        swap(&lengths, &extended)
    }

    // MARK: Pages

    /// Makes a page hold the positions from `index * PageTable.positions` on of a slot.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)`` for a slot, index or page that does not exist.
    package func setPage(_ slot: Int, _ index: Int, to page: Int) throws(KernelError) {
        try table.setPage(slot, index, to: page)
    }

    /// Says how many positions of a slot are filled by the pages it was given.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    package func setLength(_ slot: Int, _ length: Int) throws(KernelError) {
        try require(slot)
        guard (0...capacity).contains(length) else {
            throw .invalidBatch(
                what: "length of slot \(slot)", expected: "0 to \(capacity)", found: "\(length)")
        }
        lengths[slot] = length
    }

    /// Copies a page's keys and values, in all layers, to another page.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    package func copyPage(_ source: Int, to target: Int) throws(KernelError) {
        for layer in layers { try layer.copyPage(source, to: target) }
    }

    /// Makes a sequence a copy of another one, in the pages that it has.
    ///
    /// - Parameters:
    ///   - source: A slot, likewise `target`.
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    package func copySequence(_ source: Int, to target: Int) throws(KernelError) {
        try require(source)
        try require(target)
        for index in 0..<(lengths[source] + PageTable.positions - 1) / PageTable.positions {
            try copyPage(table.page(source, index), to: table.page(target, index))
        }
        lengths[target] = lengths[source]
    }

    private func require(_ slot: Int) throws(KernelError) {
        guard lengths.indices.contains(slot) else {
            throw .invalidBatch(what: "slot of the cache", expected: "one below \(slots)", found: "\(slot)")
        }
    }

    /// Bytes that one position of one sequence takes in all layers.
    package static func bytesPerPosition(_ configuration: ModelConfiguration, type: CacheType = .float32)
        -> Int
    {
        2 * configuration.nLayers * configuration.nKVHeads * configuration.headDim * type.byteCount
    }
}
