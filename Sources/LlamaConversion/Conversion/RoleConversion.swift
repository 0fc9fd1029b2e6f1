import LlamaCheckpoints
import LlamaTensors

/// Writes one role of the output: reads its rows once, in slices, and writes what every file holds of them.
struct RoleConversion {
    /// A tensor of the output and where it goes.
    struct Destination {
        let tensor: OutputTensor
        let file: OutputFile
        let offset: Int
    }

    /// What is known when all is written.
    struct Result: Sendable {
        let digest: TensorDigest
        /// CRC-32 of each destination's bytes.
        let checksums: [UInt32]
        /// Nil where the dtype stayed.
        let loss: ConversionLoss?
    }

    /// Bytes of a slice in float32, at most, unless a head is larger.
    private static let sliceByteCount = 8 << 20
    /// Bytes of the buffers of one thread.
    static let bufferByteCount = 7 * sliceByteCount

    let role: TensorRole
    let destinations: [Destination]
    private let dtype: DType
    private let shape: [Int]
    /// In Meta's order, and in the order of the output.
    private let canonical: CanonicalRows
    private let ordered: CanonicalRows
    private let rowsPerSlice: Int

    init(
        _ role: TensorRole, _ destinations: [Destination], from checkpoint: Checkpoint, layout: RoPELayout
    ) throws(CheckpointError) {
        let source = destinations.first?.tensor.source ?? role
        let weight = try checkpoint.weight(source)
        self.role = role
        self.destinations = destinations
        dtype = destinations.first?.tensor.spec.dtype ?? weight.dtype
        shape = weight.shape
        canonical = try CanonicalRows(weight, role: source, configuration: checkpoint.configuration)
        ordered = try CanonicalRows(
            weight, role: source, configuration: checkpoint.configuration, layout: layout)
        // Rows change places within a head only.
        let head = role.isRotated ? checkpoint.configuration.headDim : 1
        let heads = Self.sliceByteCount / max(1, canonical.columnCount * 4 * head)
        rowsPerSlice = max(1, heads) * head
    }

    /// Bytes that are written.
    var byteCount: Int { destinations.reduce(0) { $0 + $1.tensor.spec.byteCount } }

    /// Converts the tensor.
    ///
    /// - Parameter progress: given the bytes written since the last call; throws to stop.
    func run(_ progress: (Int) throws(ConversionError) -> Void) throws(ConversionError) -> Result {
        let buffers = SliceBuffers(values: rowsPerSlice * canonical.columnCount)
        var hasher = try TensorDigest.Hasher(role: role, dtype: dtype, shape: shape)
        var checksums = destinations.map { _ in CRC32() }
        var written = destinations.map { $0.offset }
        var loss = dtype == canonical.dtype ? nil : ConversionLoss()
        let inOrder = canonical.isPermuted == ordered.isPermuted
        for start in stride(from: 0, to: canonical.rowCount, by: rowsPerSlice) {
            let rows = start..<min(start + rowsPerSlice, canonical.rowCount)
            let plain = converted(canonical.bytes(of: rows, buffers.source), buffers, buffers.output, &loss)
            hasher.update(plain)
            var none: ConversionLoss?
            let bytes =
                inOrder
                ? plain : converted(ordered.bytes(of: rows, buffers.source), buffers, buffers.ordered, &none)
            for (index, destination) in destinations.enumerated() {
                let part = part(of: destination.tensor, rows, bytes, buffers.gathered)
                if part.isEmpty { continue }
                if destination.file.needsChecksums { checksums[index].update(part) }
                try destination.file.write(part, at: written[index])
                written[index] += part.count
                try progress(part.count)
            }
        }
        return Result(digest: try hasher.finish(), checksums: checksums.map(\.value), loss: loss)
    }

    /// The bytes in the output's dtype.
    private func converted(
        _ bytes: UnsafeRawBufferPointer, _ buffers: SliceBuffers, _ target: UnsafeMutableRawBufferPointer,
        _ loss: inout ConversionLoss?
    ) -> UnsafeRawBufferPointer {
        guard dtype != canonical.dtype else { return bytes }
        let count = canonical.dtype.decode(bytes, into: buffers.values)
        let values = UnsafeBufferPointer(rebasing: buffers.values[..<count])
        dtype.encode(values, into: target)
        let output = UnsafeRawBufferPointer(rebasing: target[..<(count / dtype.blockCount * dtype.blockSize)])
        if loss != nil {
            dtype.decode(output, into: buffers.decoded)
            loss?.add(values, UnsafeBufferPointer(rebasing: buffers.decoded[..<count]))
        }
        return output
    }

    /// What a tensor holds of a slice of rows, in one piece.
    private func part(
        of tensor: OutputTensor, _ rows: Range<Int>, _ bytes: UnsafeRawBufferPointer,
        _ buffer: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let held = rows.clamped(to: tensor.rows)
        func size(_ elements: Int) -> Int { elements / dtype.blockCount * dtype.blockSize }
        let pitch = size(canonical.columnCount)
        let first = (held.lowerBound - rows.lowerBound) * pitch
        if held.isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if tensor.columns.count == canonical.columnCount {
            return UnsafeRawBufferPointer(rebasing: bytes[first..<first + held.count * pitch])
        }
        let (left, width) = (size(tensor.columns.lowerBound), size(tensor.columns.count))
        for row in 0..<held.count {
            let place = first + row * pitch + left
            UnsafeMutableRawBufferPointer(rebasing: buffer[(row * width)..<((row + 1) * width)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place..<place + width]))
        }
        return UnsafeRawBufferPointer(rebasing: buffer[..<(held.count * width)])
    }
}

/// What a slice passes through.
private final class SliceBuffers {
    let source: UnsafeMutableRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    let ordered: UnsafeMutableRawBufferPointer
    let gathered: UnsafeMutableRawBufferPointer
    let values: UnsafeMutableBufferPointer<Float>
    let decoded: UnsafeMutableBufferPointer<Float>

    /// - Parameter values: the most values of a slice.
    init(values count: Int) {
        func bytes() -> UnsafeMutableRawBufferPointer { .allocate(byteCount: 4 * count, alignment: 64) }
        (source, output, ordered, gathered) = (bytes(), bytes(), bytes(), bytes())
        values = .allocate(capacity: count)
        decoded = .allocate(capacity: count)
    }

    deinit {
        for buffer in [source, output, ordered, gathered] { buffer.deallocate() }
        values.deallocate()
        decoded.deallocate()
    }
}
