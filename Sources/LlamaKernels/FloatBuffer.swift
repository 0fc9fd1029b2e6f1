import Glibc

/// Memory for `Float`s that is reserved at once and committed page by page when first written.
///
/// So a cache for a long context costs what has been filled of it, and buffers start on a page boundary.
package final class FloatBuffer {
    /// The first float. Valid while the object lives; zero until written.
    package let base: UnsafeMutablePointer<Float>
    /// Number of floats.
    package let count: Int

    /// Reserves `count` floats.
    ///
    /// - Throws: ``KernelError/outOfMemory(byteCount:)``.
    package init(count: Int) throws(KernelError) {
        let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
        let protection = PROT_READ | PROT_WRITE
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard !overflow, let memory = mmap(nil, bytes, protection, flags, -1, 0), memory != MAP_FAILED else {
            throw .outOfMemory(byteCount: overflow ? Int.max : bytes)
        }
        base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        self.count = count
    }

    deinit { munmap(base, max(count, 1) * MemoryLayout<Float>.stride) }
}
