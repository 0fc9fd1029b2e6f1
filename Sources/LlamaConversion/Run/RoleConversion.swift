import Glibc
import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// Writes one role of the output: reads its rows once, in slices, and writes to every file what the file holds of them.
struct RoleConversion {
    /// A tensor of the output and where it goes.
    struct Output {
        let tensor: OutputTensor
        let file: OutputFile
        /// Offset of the tensor's first byte in the file.
        let offset: Int
    }

    /// What is known once everything is written.
    struct Result: Sendable {
        let digest: TensorDigest
        /// CRC-32 of each output's bytes; 0 for a file that needs none.
        let checksums: [UInt32]
        /// Nil where the dtype stayed the same, unless quantization found weights that are not finite.
        let loss: ConversionLoss?

        /// Whether quantization must not accept it unasked.
        var isDamage: Bool { loss?.isDamage == true }
    }

    /// What weights are checked for.
    enum Check {
        /// Nothing: they keep what they are.
        case none
        /// Infinities, and what is not a number, are counted, before and after.
        case count
        /// The first such weight is an error.
        case refuse
    }

    /// Bytes of a slice in float32, at most, unless a head is larger.
    private static let sliceByteCount = 8 << 20
    /// Bytes of the buffers of one thread.
    static let bufferByteCount = 7 * sliceByteCount

    let role: TensorRole
    /// At least one, all of one dtype.
    let outputs: [Output]
    private let dtype: DType
    private let weight: Weight
    private let check: Check
    /// The rows in Meta's order.
    private let canonical: CanonicalRows
    /// The rows in the output's order.
    private let ordered: CanonicalRows
    private let rowsPerSlice: Int
    /// The files of the source's tensor.
    private let files: [MappedFile]

    /// - Parameters:
    ///   - outputs: The tensors that hold the role, in order of shards.
    ///   - layout: The output's order of q and k rows.
    ///   - check: For weights that are not finite.
    /// - Throws: where there is no output, or the source has no such role.
    init(
        _ role: TensorRole, _ outputs: [Output], from checkpoint: Checkpoint, layout: RoPELayout,
        check: Check
    ) throws(CheckpointError) {
        guard let tensor = outputs.first?.tensor else {
            throw .invalid(
                checkpoint.folder, TensorNaming.meta.name(of: role), expected: "a file to write it to",
                found: "none")
        }
        weight = try checkpoint.weight(tensor.source)
        self.check = check
        self.role = role
        self.outputs = outputs
        dtype = tensor.spec.dtype
        canonical = try CanonicalRows(
            weight, role: tensor.source, configuration: checkpoint.configuration)
        ordered = try CanonicalRows(
            weight, role: tensor.source, configuration: checkpoint.configuration, layout: layout)
        files = weight.parts.mappedFiles
        // Rows are permuted within a head only.
        let head = role.isRotated ? checkpoint.configuration.headDim : 1
        let heads = Self.sliceByteCount / max(1, canonical.columnCount * 4 * head)
        rowsPerSlice = max(1, heads) * head
    }

    /// Bytes that are written.
    var byteCount: Int { outputs.reduce(0) { $0 + $1.tensor.spec.byteCount } }

    /// Converts the tensor.
    ///
    /// - Parameter progress: Given the bytes written since the last call; throws to stop.
    func run(_ progress: (Int) throws(ConversionError) -> Void) throws(ConversionError) -> Result {
        try files.whileUnchanged { () throws(ConversionError) in try convert(progress) }
    }

    private func convert(
        _ progress: (Int) throws(ConversionError) -> Void
    ) throws(ConversionError) -> Result {
        let buffers = try ConversionBuffers(valueCount: rowsPerSlice * canonical.columnCount)
        var hasher = try TensorDigest.Hasher(role: role, dtype: dtype, shape: weight.shape)
        var checksums = outputs.map { _ in CRC32() }
        var offsets = outputs.map(\.offset)
        let isKept = dtype == canonical.dtype
        var loss = isKept && check == .none ? nil : ConversionLoss()
        let isSameOrder = canonical.isPermuted == ordered.isPermuted
        for start in stride(from: 0, to: canonical.rowCount, by: rowsPerSlice) {
            let rows = start..<min(start + rowsPerSlice, canonical.rowCount)
            let plain = converted(canonical.bytes(of: rows, buffers.source), buffers, buffers.output, &loss)
            if check == .refuse, loss?.isDamage == true, let found = unstorable(buffers, from: start) {
                throw .unstorable(found)
            }
            hasher.update(plain)
            // The digest is of Meta's order, the file may want the other one.
            var ignored: ConversionLoss?
            let bytes =
                isSameOrder
                ? plain
                : converted(ordered.bytes(of: rows, buffers.source), buffers, buffers.ordered, &ignored)
            for (index, output) in outputs.enumerated() {
                let held = self.bytes(of: output.tensor, rows, bytes, buffers.gathered)
                if held.isEmpty { continue }
                if output.file.needsChecksums { checksums[index].update(held) }
                try output.file.write(held, at: offsets[index])
                offsets[index] += held.count
                try progress(held.count)
            }
        }
        if isKept, loss?.isDamage == false { loss = nil }
        return Result(digest: try hasher.finish(), checksums: checksums.map(\.value), loss: loss)
    }

    /// The bytes in the output's dtype.
    private func converted(
        _ bytes: UnsafeRawBufferPointer, _ buffers: ConversionBuffers,
        _ target: UnsafeMutableRawBufferPointer, _ loss: inout ConversionLoss?
    ) -> UnsafeRawBufferPointer {
        guard dtype != canonical.dtype else {
            if loss != nil {
                let values = UnsafeBufferPointer(
                    rebasing: buffers.values[..<dtype.decode(bytes, into: buffers.values)])
                loss?.add(values, values)
            }
            return bytes
        }
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

    /// The first weight of a slice that cannot be stored, where the source has it.
    ///
    /// - Parameter start: The slice's first row.
    private func unstorable(_ buffers: ConversionBuffers, from start: Int) -> UnstorableWeight? {
        let count = min(rowsPerSlice, canonical.rowCount - start) * canonical.columnCount
        let values = UnsafeBufferPointer(rebasing: buffers.values[..<count])
        let decoded = UnsafeBufferPointer(rebasing: buffers.decoded[..<count])
        return UnstorableWeight(
            in: values, decoded: dtype == canonical.dtype ? values : decoded, of: weight, canonical,
            from: start, as: dtype)
    }

    /// The bytes that a tensor holds of a slice of rows, gathered into `buffer` where they are not contiguous.
    private func bytes(
        of tensor: OutputTensor, _ rows: Range<Int>, _ slice: UnsafeRawBufferPointer,
        _ buffer: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let held = rows.clamped(to: tensor.rows)
        func size(_ elements: Int) -> Int { elements / dtype.blockCount * dtype.blockSize }
        let pitch = size(canonical.columnCount)
        let first = (held.lowerBound - rows.lowerBound) * pitch
        if held.isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if tensor.columns.count == canonical.columnCount {
            return UnsafeRawBufferPointer(rebasing: slice[first..<first + held.count * pitch])
        }
        let (left, width) = (size(tensor.columns.lowerBound), size(tensor.columns.count))
        for row in 0..<held.count {
            let start = first + row * pitch + left
            UnsafeMutableRawBufferPointer(rebasing: buffer[(row * width)..<((row + 1) * width)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: slice[start..<start + width]))
        }
        return UnsafeRawBufferPointer(rebasing: buffer[..<(held.count * width)])
    }
}

/// The buffers of one role's conversion, reused for every slice.
private final class ConversionBuffers {
    /// Rows as stored in the source.
    let source: UnsafeMutableRawBufferPointer
    /// Rows in the output's dtype, in Meta's order.
    let output: UnsafeMutableRawBufferPointer
    /// Rows in the output's dtype and order.
    let ordered: UnsafeMutableRawBufferPointer
    /// What one shard holds of them.
    let gathered: UnsafeMutableRawBufferPointer
    /// The values before they are stored.
    let values: UnsafeMutableBufferPointer<Float>
    /// The values after they are stored.
    let decoded: UnsafeMutableBufferPointer<Float>

    /// All of them, one after the other.
    private let memory: UnsafeMutableRawPointer

    /// - Parameter count: The most values of a slice.
    /// - Throws: ``ConversionError/outOfMemory(byteCount:)``.
    init(valueCount count: Int) throws(ConversionError) {
        // Whole cache lines.
        let byteCount = (4 * count + 63) / 64 * 64
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, 64, 6 * byteCount) == 0, let memory else {
            throw .outOfMemory(byteCount: 6 * byteCount)
        }
        self.memory = memory
        func bytes(_ index: Int) -> UnsafeMutableRawBufferPointer {
            UnsafeMutableRawBufferPointer(start: memory + index * byteCount, count: 4 * count)
        }
        (source, output, ordered, gathered) = (bytes(0), bytes(1), bytes(2), bytes(3))
        values = bytes(4).bindMemory(to: Float.self)
        decoded = bytes(5).bindMemory(to: Float.self)
    }

    deinit { free(memory) }
}
