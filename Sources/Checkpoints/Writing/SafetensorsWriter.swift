import JSON
import Tensors

/// Writes a `.safetensors` file, whole or not at all.
public enum SafetensorsWriter {
    /// A tensor to be written.
    public struct Entry {
        /// Its name in the file.
        public let name: String
        /// Extent of each dimension, outermost first.
        public let shape: [Int]
        /// How it is stored: F32, F16 or BF16 (others as F32).
        public let dtype: DType
        /// Its values in row-major order; valid until the file is written.
        public let values: UnsafeBufferPointer<Float>

        /// - Parameter values: As many as `shape` says.
        public init(name: String, shape: [Int], dtype: DType, values: UnsafeBufferPointer<Float>) {
            self.name = name
            self.shape = shape
            self.dtype = dtype.isFloat ? dtype : .float32
            self.values = values
        }
    }

    /// Floats converted and written at a time.
    private static let sliceCount = 1 << 20

    /// Writes the tensors in the order given.
    ///
    /// - Parameter metadata: Strings for the header's `__metadata__`.
    /// - Throws: ``AtomicFile/Failure``; the old file is then as it was.
    public static func write(
        _ entries: [Entry], metadata: [(String, String)] = [], to path: String
    ) throws(AtomicFile.Failure) {
        let file = try AtomicFile(path: path)
        try file.write(header(entries, metadata: metadata))
        for entry in entries {
            for start in stride(from: 0, to: entry.values.count, by: sliceCount) {
                let slice = entry.values[start..<min(start + sliceCount, entry.values.count)]
                try file.write(encoded(slice, as: entry.dtype))
            }
        }
        try file.commit()
    }

    /// Length and JSON, padded with spaces so that the data begins on a multiple of 8 bytes.
    private static func header(_ entries: [Entry], metadata: [(String, String)]) -> [UInt8] {
        var members: [(String, JSONText)] = []
        if !metadata.isEmpty {
            members.append(("__metadata__", .object(metadata.map { ($0.0, .string($0.1)) })))
        }
        var offset = 0
        for entry in entries {
            let end = offset + entry.values.count * entry.dtype.blockSize
            members.append(
                (
                    entry.name,
                    .object([
                        ("dtype", .string(entry.dtype.rawValue)),
                        ("shape", .array(entry.shape.map { .int($0) })),
                        ("data_offsets", .array([.int(offset), .int(end)])),
                    ])
                ))
            offset = end
        }
        var json = Array(JSONText.object(members).serialized.utf8)
        json += Array(repeating: 0x20, count: (8 - json.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
    }

    private static func encoded(_ values: Slice<UnsafeBufferPointer<Float>>, as dtype: DType) -> [UInt8] {
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
