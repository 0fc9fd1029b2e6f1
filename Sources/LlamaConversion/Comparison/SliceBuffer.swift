import LlamaCheckpoints
import LlamaTensors

/// Rows of one side of a comparison, as bytes and as floats; allocated once for all slices of a tensor.
struct SliceBuffer {
    private var bytes: [UInt8]
    /// The rows in the mapped file, where they need no copy. Valid while the checkpoint lives.
    private var mapped: UnsafeRawBufferPointer?
    private var byteCount = 0
    /// The values of the last slice that was decoded.
    private(set) var floats: [Float] = []

    /// - Parameter rowCount: Most rows of a slice.
    init(rows: CanonicalRows, rowCount: Int) {
        bytes = [UInt8](repeating: 0, count: rowCount * rows.rowByteCount)
    }

    /// Reads rows: in place where they are contiguous and in order, else as a copy.
    mutating func read(_ range: Range<Int>, of rows: CanonicalRows) {
        byteCount = range.count * rows.rowByteCount
        if let inPlace = rows.rowsInPlace(range), inPlace.count == byteCount {
            mapped = inPlace
        } else {
            mapped = nil
            bytes.withUnsafeMutableBytes { rows.copyRows(range, into: $0) }
        }
    }

    /// The bytes last read.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let mapped { return body(mapped) }
        return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<byteCount])) }
    }

    /// Decodes the bytes last read into ``floats``.
    mutating func decode(_ dtype: DType) {
        var decoded = floats
        floats = []
        withBytes { bytes in
            let count = bytes.count / dtype.blockSize * dtype.blockCount
            if decoded.count != count { decoded = [Float](repeating: 0, count: count) }
            decoded.withUnsafeMutableBufferPointer { _ = dtype.decode(bytes, into: $0) }
        }
        floats = decoded
    }
}
