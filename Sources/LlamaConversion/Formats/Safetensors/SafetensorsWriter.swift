import LlamaCheckpoints
import LlamaFiles
import LlamaJSON
import LlamaTensors

/// Writes a `.safetensors` file, whole or not at all.
package enum SafetensorsWriter {
    /// A tensor to be written.
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

    /// Where the tensors of a file stand, in the order given.
    ///
    /// - Parameter metadata: strings for the header's `__metadata__`.
    /// - Throws: for a dtype that the format has no name for, or a header beyond the format's limit.
    package static func layout(
        tensors: [TensorSpec], metadata: [(String, String)] = [], name: String = "model.safetensors"
    ) throws(CheckpointError) -> FileLayout {
        for tensor in tensors where tensor.dtype.isBlockFormat {
            throw .unsupported(
                name, at: tensor.name, "dtype \(tensor.dtype.rawValue) in safetensors",
                advice: "choose float32, float16 or bfloat16")
        }
        let header = header(tensors, metadata: metadata)
        guard header.count - 8 <= maximumHeaderSize else {
            throw .unsupported(name, "a header of \(header.count - 8) bytes", advice: "choose smaller shards")
        }
        var offset = header.count
        let slots = tensors.map { tensor in
            defer { offset += tensor.byteCount }
            return FileLayout.Slot(tensor: tensor, offset: offset)
        }
        return FileLayout(slots: slots, pieces: [(0, header)], byteCount: offset)
    }

    /// The format's limit on the JSON (safetensors' `MAX_HEADER_SIZE`).
    private static let maximumHeaderSize = 100_000_000

    /// Floats converted and written at a time.
    private static let sliceCount = 1 << 20

    /// Writes the tensors in the order given.
    ///
    /// - Parameter metadata: Strings for the header's `__metadata__`.
    /// - Throws: ``AtomicFile/Failure``; the old file is then as it was.
    package static func write(
        _ entries: [Entry], metadata: [(String, String)] = [], to path: String
    ) throws(AtomicFile.Failure) {
        let file = try AtomicFile(path: path)
        let tensors = entries.map { TensorSpec(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
        try file.write(header(tensors, metadata: metadata))
        for entry in entries {
            let values = entry.values()
            for start in stride(from: 0, to: values.count, by: sliceCount) {
                let slice = values[start..<min(start + sliceCount, values.count)]
                try file.write(encoded(slice, as: entry.dtype))
            }
        }
        try file.commit()
    }

    /// Length and JSON, padded with spaces so that the data begins on a multiple of 8 bytes.
    private static func header(_ tensors: [TensorSpec], metadata: [(String, String)]) -> [UInt8] {
        var members: [(String, JSONText)] = []
        if !metadata.isEmpty {
            members.append(("__metadata__", .object(metadata.map { ($0.0, .string($0.1)) })))
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.byteCount
            members.append(
                (
                    tensor.name,
                    .object([
                        ("dtype", .string(tensor.dtype.rawValue)),
                        ("shape", .array(tensor.shape.map { .int($0) })),
                        ("data_offsets", .array([.int(offset), .int(end)])),
                    ])
                ))
            offset = end
        }
        var json = Array(JSONText.object(members).serialized.utf8)
        json += Array(repeating: 0x20, count: (8 - json.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
    }

    private static func encoded(_ values: ArraySlice<Float>, as dtype: DType) -> [UInt8] {
        switch dtype {
        case .float16: values.map { Float16($0).bitPattern.littleEndian }.withUnsafeBytes(Array.init)
        case .bfloat16: values.map { $0.bfloat16Bits.littleEndian }.withUnsafeBytes(Array.init)
        default: values.map { $0.bitPattern.littleEndian }.withUnsafeBytes(Array.init)
        }
    }
}

extension Float {
    /// The upper half of the bits, rounded to nearest, ties to even; a NaN stays one.
    var bfloat16Bits: UInt16 {
        guard !isNaN else { return UInt16(bitPattern >> 16) | 0x40 }
        return UInt16((bitPattern + 0x7FFF + (bitPattern >> 16 & 1)) >> 16)
    }
}
