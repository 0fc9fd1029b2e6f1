import LlamaCheckpoints
import Glibc
import LlamaTensors

/// Compares the numbers of one role in two checkpoints, a slice of rows at a time.
struct TensorComparer {
    /// Bytes of a slice, which both sides hold; few enough to stay in a core's cache between copy and comparison.
    static let sliceSize = 1 << 18

    private let first: CanonicalRows
    private let second: CanonicalRows
    private var difference: TensorDifference

    /// - Parameters: rows of one shape.
    private init(_ first: CanonicalRows, _ second: CanonicalRows) {
        (self.first, self.second) = (first, second)
        difference = TensorDifference(unit: .narrower(first.dtype, second.dtype))
    }

    /// - Parameter progress: told of every slice how many bytes of both sides it had.
    static func compare(
        _ first: CanonicalRows, _ second: CanonicalRows, progress: (Int) -> Void
    ) -> TensorOutcome {
        var comparer = TensorComparer(first, second)
        let pitch = max(first.rowByteCount, second.rowByteCount, 1)
        let count = max(1, sliceSize / pitch)
        var buffers = SliceBuffers(first: first, second: second, rowCount: min(count, first.rowCount))
        for start in stride(from: 0, to: first.rowCount, by: count) {
            let rows = start..<min(start + count, first.rowCount)
            comparer.compare(rows, &buffers)
            progress(rows.count * (first.rowByteCount + second.rowByteCount))
        }
        guard comparer.difference.count == 0 else { return .differs(comparer.difference) }
        return first.dtype == second.dtype ? .identical : .equalAfterCast
    }

    private mutating func compare(_ rows: Range<Int>, _ buffers: inout SliceBuffers) {
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
        // Of one dtype, elements that decode to the same bits have the same bits, but for not-a-numbers.
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

/// Room for a slice of both sides.
private struct SliceBuffers {
    var first: SliceBuffer
    var second: SliceBuffer

    init(first: CanonicalRows, second: CanonicalRows, rowCount: Int) {
        self.first = SliceBuffer(rows: first, rowCount: rowCount)
        self.second = SliceBuffer(rows: second, rowCount: rowCount)
    }
}
