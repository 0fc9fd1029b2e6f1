import Dispatch
import Glibc
import LlamaCheckpoints
import LlamaKernels
import LlamaTensors
import Synchronization

/// The rows of one matrix on their way into a block format: threads take slices of rows, one after the other.
struct QuantizationJob: Sendable {
    let weight: Weight
    /// The whole rows of ``weight``, in the order in which the model reads them.
    let rows: CanonicalRows
    /// What they become; rows are whole blocks of it.
    let dtype: DType

    /// Values of a slice, about: small enough that threads finish together, and that buffers stay in the cache.
    private static let sliceCount = 1 << 16

    /// Bytes of a row of the result.
    private var rowByteCount: Int { rows.columnCount / dtype.blockCount * dtype.blockSize }
    /// Bytes of the result.
    var byteCount: Int { rows.rowCount * rowByteCount }

    /// What the threads share.
    private final class Progress: Sendable {
        let nextSlice = Atomic<Int>(0)
        /// The error in the first slice that has one.
        let failure = Mutex<(slice: Int, error: any Error)?>(nil)

        func fail(_ slice: Int, _ error: any Error) {
            failure.withLock { if slice < $0?.slice ?? .max { $0 = (slice, error) } }
        }
    }

    /// Quantizes all rows.
    ///
    /// - Parameters:
    ///   - target: ``byteCount`` bytes.
    ///   - progress: Told, from any thread, how many more of the stored bytes are done; returns whether to continue.
    /// - Throws: ``CheckpointError`` for the first weight that the dtype cannot store, ``LoadingError/interrupted``, or
    ///   ``KernelError/outOfMemory(byteCount:)``.
    func run(
        into target: UnsafeMutableRawBufferPointer, threads: Int, progress: @Sendable (Int) -> Bool
    ) throws {
        let rowsPerSlice = max(1, Self.sliceCount / max(1, rows.columnCount))
        let sliceCount = (rows.rowCount + rowsPerSlice - 1) / rowsPerSlice
        let shared = Progress()
        // Each slice of the target is written by the one thread that takes it.
        nonisolated(unsafe) let target = target
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, sliceCount))) { _ in
            let count = rowsPerSlice * rows.columnCount
            guard let buffers = SliceBuffers(valueCount: count) else {
                let byteCount = SliceBuffers.byteCount(valueCount: count)
                return shared.fail(0, KernelError.outOfMemory(byteCount: byteCount))
            }
            while shared.failure.withLock({ $0 == nil }) {
                let slice = shared.nextSlice.add(1, ordering: .relaxed).oldValue
                guard slice < sliceCount else { return }
                let first = slice * rowsPerSlice
                let range = first..<min(first + rowsPerSlice, rows.rowCount)
                let bytes = first * rowByteCount..<range.upperBound * rowByteCount
                if let found = quantize(
                    range, buffers, into: UnsafeMutableRawBufferPointer(rebasing: target[bytes]))
                {
                    shared.fail(slice, found.error(advice: "use the weights as they are stored"))
                } else if !progress(range.count * rows.rowByteCount) {
                    shared.fail(slice, LoadingError.interrupted)
                }
            }
        }
        if let failure = shared.failure.withLock({ $0 }) { throw failure.error }
    }

    /// Quantizes some rows; returns the first weight that cannot be stored.
    private func quantize(
        _ range: Range<Int>, _ buffers: SliceBuffers, into target: UnsafeMutableRawBufferPointer
    ) -> UnstorableWeight? {
        var stored = UnsafeRawBufferPointer(buffers.stored)
        if let inPlace = rows.rowsInPlace(range), inPlace.count == range.count * rows.rowByteCount {
            stored = inPlace
        } else {
            rows.copyRows(range, into: buffers.stored)
        }
        let count = range.count * rows.columnCount
        let values = UnsafeMutableBufferPointer(rebasing: buffers.values[..<count])
        let decoded = UnsafeMutableBufferPointer(rebasing: buffers.decoded[..<count])
        rows.dtype.decode(stored, into: values)
        dtype.encode(UnsafeBufferPointer(values), into: target)
        dtype.decode(UnsafeRawBufferPointer(target), into: decoded)
        return UnstorableWeight(
            in: UnsafeBufferPointer(values), decoded: UnsafeBufferPointer(decoded), of: weight, rows,
            from: range.lowerBound, as: dtype)
    }
}

/// The buffers of one thread, reused for every slice.
private final class SliceBuffers {
    /// Rows as stored in the files.
    let stored: UnsafeMutableRawBufferPointer
    /// The values before they are quantized.
    let values: UnsafeMutableBufferPointer<Float>
    /// The values after they are quantized.
    let decoded: UnsafeMutableBufferPointer<Float>

    /// All of them, one after the other.
    private let memory: UnsafeMutableRawPointer

    /// Nil where memory is short.
    init?(valueCount count: Int) {
        let size = count * MemoryLayout<Float>.size
        guard let memory = malloc(Self.byteCount(valueCount: count)) else { return nil }
        self.memory = memory
        stored = UnsafeMutableRawBufferPointer(start: memory, count: size)
        func floats(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
            UnsafeMutableRawBufferPointer(start: memory + index * size, count: size)
                .bindMemory(to: Float.self)
        }
        (values, decoded) = (floats(1), floats(2))
    }

    deinit { free(memory) }

    static func byteCount(valueCount count: Int) -> Int { 3 * count * MemoryLayout<Float>.size }
}
