import LlamaCheckpoints
import LlamaKernels

/// Keys and values of every position seen, for a number of independent sequences ("slots").
///
/// Memory is reserved for all slots and committed as positions are filled:
/// `2 * nLayers * nKVHeads * headDim * type.byteCount` bytes a position.
package final class KVCache {
    /// Number of sequences that can be held at once.
    package let slots: Int
    /// Positions that each slot can hold; a multiple of ``CacheLayer/positionBlock``.
    package let capacity: Int
    /// The cache of each Transformer block.
    let layers: [CacheLayer]
    /// How many positions of each slot are filled.
    private var lengths: [Int]
    // What ``lengths`` becomes where the whole batch fits; kept so that a pass allocates nothing.
    private var extended: [Int]
    private let arena = FloatArena()

    /// - Parameter length: Least number of positions per slot.
    package init(
        _ configuration: ModelConfiguration, slots: Int, length: Int, type: CacheType = .float32
    ) throws(KernelError) {
        let block = CacheLayer.positionBlock
        // The kernels count positions with 32 bits.
        guard slots >= 0, (0..<Int(Int32.max) - block).contains(length) else {
            throw .outOfMemory(byteCount: Int.max)
        }
        self.slots = slots
        capacity = (length + block - 1) / block * block
        let (rows, overflow) = slots.multipliedReportingOverflow(by: configuration.nLayers)
        guard !overflow else { throw .outOfMemory(byteCount: Int.max) }
        let slotWidth = CacheLayer.floatCount(
            configuration.nKVHeads * capacity * configuration.headDim, type)
        let keys = try arena.matrix(rows: rows, columns: slotWidth)
        let values = try arena.matrix(rows: rows, columns: slotWidth)
        var layers: [CacheLayer] = []
        for layer in 0..<configuration.nLayers {
            let range = layer * slots..<(layer + 1) * slots
            layers.append(
                try CacheLayer(
                    keys: keys.rows(range), values: values.rows(range), type: type,
                    nKVHeads: configuration.nKVHeads,
                    capacity: capacity, headDim: configuration.headDim))
        }
        self.layers = layers
        lengths = Array(repeating: 0, count: slots)
        extended = lengths
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

    /// Makes a sequence a copy of another one.
    ///
    /// - Parameters:
    ///   - source: A slot, likewise `target`.
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    package func copySequence(_ source: Int, to target: Int) throws(KernelError) {
        for slot in [source, target] where !lengths.indices.contains(slot) {
            throw .invalidBatch(
                what: "slot of the cache", expected: "one below \(slots)", found: "\(slot)")
        }
        for layer in layers { try layer.copy(positions: lengths[source], from: source, to: target) }
        lengths[target] = lengths[source]
    }

    /// Bytes that one position of one sequence takes in all layers.
    package static func bytesPerPosition(_ configuration: ModelConfiguration, type: CacheType = .float32)
        -> Int
    {
        2 * configuration.nLayers * configuration.nKVHeads * configuration.headDim * type.byteCount
    }
}
