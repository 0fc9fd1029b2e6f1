/// Owns the memory of matrices that live equally long.
///
/// Memory is reserved in large chunks and committed page by page when it is first written, so a cache for a long
/// context costs only the memory already written. It reads as zero until then.
package final class FloatArena {
    // One reservation for all the activations of a small model, so that its matrices are contiguous.
    private static let chunkCount = 1 << 24
    // Every matrix starts on a cache line.
    private static let alignment = 16

    private var chunks: [FloatBuffer] = []
    private var used = 0

    /// An arena without any matrix.
    package init() {}

    /// Reserves a matrix.
    ///
    /// - Throws: ``KernelError/outOfMemory(byteCount:)``.
    package func matrix(rows: Int, columns: Int) throws(KernelError) -> FloatMatrix {
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard rows >= 0, columns >= 0, !overflow, count <= Int.max - Self.alignment else {
            throw .outOfMemory(byteCount: Int.max)
        }
        let padded = (count + Self.alignment - 1) / Self.alignment * Self.alignment
        let chunk: FloatBuffer
        if let last = chunks.last, padded <= last.count - used {
            chunk = last
        } else {
            chunk = try FloatBuffer(count: max(padded, Self.chunkCount))
            chunks.append(chunk)
            used = 0
        }
        defer { used += padded }
        return FloatMatrix(base: chunk.base + used, rows: rows, columns: columns)
    }
}
