import LlamaCheckpoints
import LlamaKernels

/// Keys and values of every position seen, for a number of independent sequences ("slots").
///
/// Memory is reserved for all slots and committed as positions are filled:
/// `2 * nLayers * nKVHeads * headDim * 4` bytes a position.
package final class KVCache {
    /// Number of sequences that can be held at once.
    package let slots: Int
    /// Positions that each slot can hold; a multiple of ``AttentionKernel/positionBlock``.
    package let capacity: Int
    private let keys: FloatBuffer
    private let values: FloatBuffer
    private let headStride: Int
    private let slotStride: Int
    private let layerStride: Int

    /// - Parameter length: Least number of positions per slot.
    package init(_ configuration: ModelConfiguration, slots: Int, length: Int) throws(KernelError) {
        let block = AttentionKernel.positionBlock
        // The kernels count positions with 32 bits.
        guard length < Int(Int32.max) - block else { throw .outOfMemory(byteCount: Int.max) }
        self.slots = slots
        capacity = (length + block - 1) / block * block
        headStride = capacity * configuration.headDim
        slotStride = headStride * configuration.nKVHeads
        let (layerStride, layerOverflow) = slotStride.multipliedReportingOverflow(by: slots)
        let (count, overflow) = layerStride.multipliedReportingOverflow(by: configuration.nLayers)
        guard !layerOverflow, !overflow else { throw .outOfMemory(byteCount: Int.max) }
        self.layerStride = layerStride
        keys = try FloatBuffer(count: count)
        values = try FloatBuffer(count: count)
    }

    /// The part of one Transformer block.
    func layer(_ index: Int) -> CacheLayer {
        CacheLayer(
            keys: keys.base + index * layerStride, values: values.base + index * layerStride,
            slotStride: slotStride, headStride: headStride)
    }

    /// Bytes that one position of one sequence takes in all layers.
    package static func bytesPerPosition(_ configuration: ModelConfiguration) -> Int {
        2 * configuration.nLayers * configuration.nKVHeads * configuration.headDim * MemoryLayout<Float>.size
    }
}
