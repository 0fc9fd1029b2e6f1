import LlamaTensors
import LlamaCheckpoints

/// Lays out GGUF version 3 files, to the byte, before they are written.
package enum GGUFWriter {
    /// Lays out a file: header, then the tensors in the order given, each at a multiple of `alignment`.
    ///
    /// - Parameters:
    ///   - metadata: Key-values in order; `general.alignment` is set here.
    ///   - digests: The tensors whose digests the file states, under `swift-llama.digests`: an array of strings, each a
    ///     name and a digest.
    ///   - alignment: In bytes; a power of two up to 1 MiB.
    ///   - file: For errors.
    /// - Throws: what a reader would refuse: a key or tensor twice, names too long, more than 4 dimensions, rows that
    ///   are not whole blocks, a type that GGML does not have.
    package static func layout(
        metadata: [(key: String, value: GGUFValue)], tensors: [TensorSpec],
        digests: [(name: String, role: TensorRole)] = [], alignment: Int = 32,
        file: String = "GGUF file"
    ) throws(CheckpointError) -> FileLayout {
        guard (1...GGUFFile.alignmentLimit).contains(alignment), alignment & (alignment - 1) == 0 else {
            throw .invalid(
                file, "general.alignment", expected: "a power of two up to \(GGUFFile.alignmentLimit)",
                found: "\(alignment)")
        }
        let metadata = aligned(metadata, to: alignment)
        try checkKeys(metadata.map(\.key) + (digests.isEmpty ? [] : [digestKey]), file: file)
        var header = GGUFEncoder()
        header.append(bytes: GGUFFile.magic)
        header.append(UInt32(3))
        header.append(UInt64(tensors.count))
        header.append(UInt64(metadata.count + (digests.isEmpty ? 0 : 1)))
        for (key, value) in metadata { header.append(key: key, value) }
        let digestFields = append(digests, to: &header)
        var offset = 0
        var offsets: [Int] = []
        var names: Set<String> = []
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw .invalid(file, tensor.name, expected: "each tensor once", found: "the same name again")
            }
            offsets.append(offset)
            offset = try append(tensor, at: offset, to: &header, file: file).roundedUp(to: alignment)
        }
        let start = header.bytes.count.roundedUp(to: alignment)
        return FileLayout(
            slots: zip(tensors, offsets).map { FileLayout.Slot(tensor: $0, offset: start + $1) },
            pieces: [(0, header.bytes)], byteCount: start + offset, digests: digestFields)
    }

    /// The metadata with the alignment in it, unless it is the default and not stated.
    private static func aligned(_ metadata: [(key: String, value: GGUFValue)], to alignment: Int)
        -> [(key: String, value: GGUFValue)]
    {
        let key = "general.alignment"
        let value = GGUFValue.uint32(UInt32(alignment))
        guard metadata.contains(where: { $0.key == key }) else {
            return alignment == GGUFFile.defaultAlignment ? metadata : metadata + [(key, value)]
        }
        return metadata.map { ($0.key, $0.key == key ? value : $0.value) }
    }

    private static func checkKeys(_ keys: [String], file: String) throws(CheckpointError) {
        var known: Set<String> = []
        for key in keys {
            guard (1...65535).contains(key.utf8.count), key.utf8.allSatisfy({ $0 < 0x80 }) else {
                throw .invalid(file, key, expected: "a key of 1 to 65535 ASCII characters", found: "another")
            }
            guard known.insert(key).inserted else {
                throw .invalid(file, key, expected: "each key once", found: "the same key again")
            }
        }
    }

    /// The key of the digests.
    private static let digestKey = "swift-llama.digests"

    /// Appends the key of the digests, where there are any; returns where each digest goes.
    private static func append(
        _ digests: [(name: String, role: TensorRole)], to header: inout GGUFEncoder
    ) -> [FileLayout.DigestField] {
        guard !digests.isEmpty else { return [] }
        header.append(string: digestKey.utf8)
        header.append(GGUFType.array.rawValue)
        header.append(GGUFType.string.rawValue)
        header.append(UInt64(digests.count))
        return digests.map { name, role in
            header.append(string: Array("\(name) \(TensorDigest.zeros)".utf8))
            return FileLayout.DigestField(role: role, offset: header.bytes.count - TensorDigest.digitCount)
        }
    }

    /// Describes a tensor; returns where its bytes end.
    private static func append(
        _ tensor: TensorSpec, at offset: Int, to header: inout GGUFEncoder, file: String
    ) throws(CheckpointError) -> Int {
        guard let type = GGMLType.number(of: tensor.dtype) else {
            throw .unsupported(file, at: tensor.name, "dtype \(tensor.dtype.rawValue) in GGUF")
        }
        let limits = (GGUFTensorInfo.nameLimit, GGUFTensorInfo.dimensionLimit)
        guard tensor.name.utf8.count <= limits.0, tensor.shape.count <= limits.1 else {
            throw .invalid(
                file, tensor.name, expected: "a name of \(limits.0) bytes and \(limits.1) dimensions at most",
                found: "\(tensor.name.utf8.count) and \(tensor.shape.count)")
        }
        guard let byteCount = GGUFTensorInfo.byteCount(tensor.dtype, tensor.shape),
            tensor.shape.allSatisfy({ $0 >= 0 }), byteCount < 1 << 62 - offset
        else {
            throw .invalid(
                file, tensor.name, expected: "rows of whole blocks of \(tensor.dtype.blockCount)",
                found: "\(tensor.shape)")
        }
        header.append(string: tensor.name.utf8)
        header.append(UInt32(tensor.shape.count))
        for extent in tensor.shape.reversed() { header.append(UInt64(extent)) }
        header.append(type)
        header.append(UInt64(offset))
        return offset + byteCount
    }
}
