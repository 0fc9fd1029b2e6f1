import Glibc

/// Memory for `Float`s that is reserved at once and committed page by page when it is first written.
final class FloatBuffer {
    /// The first float, on a page boundary. Valid while the object lives; zero until written.
    let base: UnsafeMutablePointer<Float>
    /// Number of floats.
    let count: Int

    /// Reserves `count` floats.
    ///
    /// - Throws: ``KernelError/outOfMemory(byteCount:)``.
    init(count: Int) throws(KernelError) {
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
