import LlamaConversion
import Testing

extension FileLayout {
    /// The file's bytes, as the converter would write them; checks that no two parts touch the same byte.
    func assembled(_ data: (TensorSpec) throws -> [UInt8]) throws -> [UInt8] {
        var parts = pieces
        var checksums: [UInt32] = []
        for slot in slots {
            let bytes = try data(slot.tensor)
            try #require(bytes.count == slot.tensor.byteCount, "\(slot.tensor.name)")
            parts.append((slot.offset, bytes))
            checksums.append(CRC32.checksum(of: bytes))
        }
        if let completion { parts += try completion(checksums) }
        var file = [UInt8](repeating: 0, count: byteCount)
        var end = 0
        for part in parts.sorted(by: { ($0.offset, $0.bytes.count) < ($1.offset, $1.bytes.count) }) {
            try #require(part.offset >= end && part.offset + part.bytes.count <= byteCount)
            end = part.offset + part.bytes.count
            file.replaceSubrange(part.offset..<end, with: part.bytes)
        }
        return file
    }

    /// The file of these tensors, by name.
    func assembled(_ tensors: [TestTensor]) throws -> [UInt8] {
        try assembled { spec in
            try #require(tensors.first { $0.name == spec.name && $0.shape == spec.shape }).bytes
        }
    }
}

extension TestTensor {
    var spec: TensorSpec { TensorSpec(name: name, dtype: dtype, shape: shape) }
}
