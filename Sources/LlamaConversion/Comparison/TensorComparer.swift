import LlamaCheckpoints
import Glibc

/// Compares the values of one role in two checkpoints, a slice of rows at a time.
struct TensorComparer {
    /// Bytes of a slice on each side; small enough to stay in a core's cache between copy and comparison.
    static let sliceSize = 1 << 18

    private let first: CanonicalRows
    private let second: CanonicalRows
    private var difference: TensorDifference

    private init(_ first: CanonicalRows, _ second: CanonicalRows) {
        (self.first, self.second) = (first, second)
        difference = TensorDifference(unit: .narrower(first.dtype, second.dtype))
    }

    /// Compares rows of one shape.
    ///
    /// - Parameter progress: Told the bytes of both sides after every slice.
    static func compare(
        _ first: CanonicalRows, _ second: CanonicalRows, progress: (Int) -> Void
    ) -> TensorOutcome {
        var comparer = TensorComparer(first, second)
        let pitch = max(first.rowByteCount, second.rowByteCount, 1)
        let count = max(1, sliceSize / pitch)
        let rowCount = min(count, first.rowCount)
        var buffers = (
            first: SliceBuffer(rows: first, rowCount: rowCount),
            second: SliceBuffer(rows: second, rowCount: rowCount)
        )
        for start in stride(from: 0, to: first.rowCount, by: count) {
            let rows = start..<min(start + count, first.rowCount)
            comparer.compare(rows, &buffers)
            progress(rows.count * (first.rowByteCount + second.rowByteCount))
        }
        guard comparer.difference.count == 0 else { return .differs(comparer.difference) }
        return first.dtype == second.dtype ? .identical : .equalAfterCast
    }

    private mutating func compare(
        _ rows: Range<Int>, _ buffers: inout (first: SliceBuffer, second: SliceBuffer)
    ) {
        buffers.first.read(rows, of: first)
        buffers.second.read(rows, of: second)
        if first.dtype == second.dtype {
            let isSame = buffers.first.withBytes { left in
                buffers.second.withBytes { right in
                    guard let one = left.baseAddress, let other = right.baseAddress else { return true }
                    return left.count == right.count && memcmp(one, other, left.count) == 0
                }
            }
            if isSame { return }
        }
        buffers.first.decode(first.dtype)
        buffers.second.decode(second.dtype)
        // Elements of one dtype that decode to the same bits have the same bits, except for NaNs.
        let columns = first.columnCount
        buffers.first.floats.withUnsafeBufferPointer { left in
            buffers.second.floats.withUnsafeBufferPointer { right in
                for index in 0..<min(left.count, right.count)
                where left[index].bitPattern != right[index].bitPattern {
                    difference.add(
                        left[index], right[index], row: rows.lowerBound + index / columns,
                        column: index % columns)
                }
            }
        }
    }
}
