import LlamaKernels
import LlamaModel
import LlamaCheckpoints

/// How much an engine may hold and compute at a time.
package struct EngineLimits: Sendable {
    /// Most sequences in the cache; the rest wait.
    package var sequences = 8
    /// Most positions of a sequence.
    package var positions: Int
    /// How keys and values are held.
    package var cacheType = CacheType.float32
    /// Most bytes of keys and values; nil for what all sequences need at their longest.
    package var cacheBytes: Int?
    /// Most rows of a forward pass: a longer prompt is read in several.
    package var rows = 256

    /// - Parameter positions: Most positions of a sequence.
    package init(positions: Int) { self.positions = positions }

    /// Pages of the cache.
    ///
    /// - Throws: ``GenerationError/cacheTooSmall(bytes:least:)`` where they cannot hold one page.
    package func pageCount(_ configuration: ModelConfiguration) throws -> Int {
        let perSequence = max(try KVCache.pageCount(positions), 1)
        let (all, overflow) = perSequence.multipliedReportingOverflow(by: sequences)
        guard let cacheBytes else {
            guard !overflow else { throw KernelError.outOfMemory(byteCount: Int.max) }
            return max(all, 1)
        }
        let pageBytes = PageTable.positions * KVCache.bytesPerPosition(configuration, type: cacheType)
        guard cacheBytes >= pageBytes else {
            throw GenerationError.cacheTooSmall(bytes: cacheBytes, least: pageBytes)
        }
        return overflow ? cacheBytes / pageBytes : min(all, cacheBytes / pageBytes)
    }
}
