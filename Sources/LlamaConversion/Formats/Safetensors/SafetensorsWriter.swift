import LlamaCheckpoints
import LlamaFiles
import LlamaJSON
import LlamaTensors

/// Writes `.safetensors` files.
package enum SafetensorsWriter {
    /// A tensor to be written, with its values.
    package struct Entry {
        /// Its name in the file.
        package let name: String
        /// Extent of each dimension, outermost first.
        package let shape: [Int]
        /// How it is stored: F32, F16 or BF16 (others as F32).
        package let dtype: DType
        /// Makes its values, row-major, when they are to be written.
        package let values: () -> [Float]

        /// - Parameter values: As many as `shape` says.
        package init(name: String, shape: [Int], dtype: DType, values: @escaping () -> [Float]) {
            self.name = name
            self.shape = shape
            self.dtype = dtype.isFloat ? dtype : .float32
            self.values = values
        }
    }

    /// Lays out a file: header, then the tensors in the order given.
    ///
    /// - Parameters:
    ///   - metadata: Strings for the header's `__metadata__`.
    ///   - digests: The tensors whose digests follow there, under `sha256 NAME`.
    ///   - name: The file's name, for errors.
    /// - Throws: for a dtype that the format has no name for, or a header beyond the format's limit.
    package static func layout(
        tensors: [TensorSpec], metadata: [(String, String)] = [],
        digests: [(name: String, role: TensorRole)] = [], name: String = "model.safetensors"
    ) throws(CheckpointError) -> FileLayout {
        for tensor in tensors where tensor.dtype.isBlockFormat {
            throw .unsupported(
                name, at: tensor.name, "dtype \(tensor.dtype.rawValue) in safetensors",
                advice: "choose float32, float16 or bfloat16")
        }
        let header = SafetensorsHeader(tensors, metadata: metadata, digests: digests)
        guard header.bytes.count - 8 <= maximumHeaderSize else {
            throw .unsupported(
                name, "a header of \(header.bytes.count - 8) bytes", advice: "choose smaller shards")
        }
        var offset = header.bytes.count
        let slots = tensors.map { tensor in
            defer { offset += tensor.byteCount }
            return FileLayout.Slot(tensor: tensor, offset: offset)
        }
        return FileLayout(
            slots: slots, pieces: [(0, header.bytes)], byteCount: offset, digests: header.digests)
    }

    /// The format's limit on the JSON (safetensors' `MAX_HEADER_SIZE`).
    private static let maximumHeaderSize = 100_000_000

    /// Floats that are converted and written at a time.
    private static let sliceCount = 1 << 20

    /// Writes a file, whole or not at all; the tensors in the order given.
    ///
    /// - Parameter metadata: Strings for the header's `__metadata__`.
    /// - Throws: ``AtomicFile/Failure``; the old file is then unchanged.
    package static func write(
        _ entries: [Entry], metadata: [(String, String)] = [], to path: String
    ) throws(AtomicFile.Failure) {
        let file = try AtomicFile(path: path)
        let tensors = entries.map { TensorSpec(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
        try file.write(SafetensorsHeader(tensors, metadata: metadata).bytes)
        for entry in entries {
            let values = entry.values()
            for start in stride(from: 0, to: values.count, by: sliceCount) {
                let slice = values[start..<min(start + sliceCount, values.count)]
                try file.write(encoded(slice, as: entry.dtype))
            }
        }
        try file.commit()
    }

    private static func encoded(_ values: ArraySlice<Float>, as dtype: DType) -> [UInt8] {
        values.withUnsafeBufferPointer { values in
            let byteCount = values.count / dtype.blockCount * dtype.blockSize
            return [UInt8](unsafeUninitializedCapacity: byteCount) { bytes, count in
                dtype.encode(values, into: UnsafeMutableRawBufferPointer(bytes))
                count = byteCount
            }
        }
    }
}
