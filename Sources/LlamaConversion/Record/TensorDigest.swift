import LlamaCheckpoints
import LlamaTensors

/// A digest of a tensor that does not depend on file, shard or order of rows: the SHA-256 of its role, dtype and shape,
/// a line each, and of its elements as stored, row by row in Meta's order.
package struct TensorDigest: Sendable, Hashable {
    /// ``digitCount`` hexadecimal digits.
    package let text: String

    /// Length of ``text``.
    static let digitCount = 64
    /// What a file holds in place of a digest until it is known.
    static let zeros = String(repeating: "0", count: digitCount)

    init(text: String) { self.text = text }

    /// Computes a digest from a tensor's bytes, piece by piece.
    struct Hasher: ~Copyable {
        private var sha: SHA256

        init(role: TensorRole, dtype: DType, shape: [Int]) throws(ConversionError) {
            sha = try SHA256()
            let head = [
                TensorNaming.meta.name(of: role), dtype.rawValue,
                shape.map(String.init).joined(separator: "x"),
            ]
            sha.update((head.joined(separator: "\n") + "\n").utf8)
        }

        mutating func update(_ bytes: UnsafeRawBufferPointer) { sha.update(bytes) }

        consuming func finish() throws(ConversionError) -> TensorDigest {
            TensorDigest(text: try sha.finish())
        }
    }

    /// The digest of a checkpoint's tensor; reads all of it.
    ///
    /// - Parameter progress: told how many bytes were read since the last call.
    package init(
        of role: TensorRole, in checkpoint: Checkpoint, progress: (Int) -> Void = { _ in }
    ) throws(ConversionError) {
        let weight: Weight
        let rows: CanonicalRows
        do {
            weight = try checkpoint.weight(role)
            rows = try CanonicalRows(weight, role: role, configuration: checkpoint.configuration)
        } catch { throw .source(error) }
        var hasher = try Hasher(role: role, dtype: weight.dtype, shape: weight.shape)
        let step = max(1, (4 << 20) / max(1, rows.rowByteCount))
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: step * rows.rowByteCount, alignment: 64)
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: rows.rowCount, by: step) {
            let slice = start..<min(start + step, rows.rowCount)
            hasher.update(rows.bytes(of: slice, buffer))
            progress(slice.count * rows.rowByteCount)
        }
        do { try checkpoint.checkUnchanged() } catch { throw .source(error) }
        self = try hasher.finish()
    }
}

extension CanonicalRows {
    /// The bytes of rows: in the file where they are contiguous and in order there, else copied into `buffer`.
    func bytes(of rows: Range<Int>, _ buffer: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        if let inPlace = rowsInPlace(rows), inPlace.count == rows.count * rowByteCount { return inPlace }
        copyRows(rows, into: buffer)
        return UnsafeRawBufferPointer(rebasing: buffer[..<(rows.count * rowByteCount)])
    }
}
