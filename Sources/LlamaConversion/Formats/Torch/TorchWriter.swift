import LlamaTensors
import LlamaCheckpoints

/// Lays out a `.pth` file: byte for byte what `torch.save` writes for a dict of tensors, without the random
/// `.data/serialization_id`.
///
/// Source: `torch/serialization.py` of PyTorch 2.6 and later (`.format_version` 1, `version` 3).
package enum TorchWriter {
    /// A file of these tensors, one storage each, in this order.
    ///
    /// The checksums of the slots go to ``FileLayout/completion`` in the order of ``FileLayout/slots``.
    ///
    /// - Parameters:
    ///   - tensors: Of F32, F16 or BF16, no two of one name.
    ///   - name: The folder inside the archive; `torch.save` uses the file's name without its last suffix.
    ///   - zip64Limit: Sizes and offsets from here on are written in 64 bits. For tests.
    package static func layout(
        tensors: [TensorSpec], name: String = "consolidated.00", zip64Limit: Int = Int(UInt32.max)
    ) throws(CheckpointError) -> FileLayout {
        try check(tensors, file: name + ".pth")
        var zip = ZipLayout(limit: zip64Limit)
        zip.add("\(name)/data.pkl", StatePickle(tensors).bytes)
        zip.add("\(name)/.format_version", Array("1".utf8))
        zip.add("\(name)/.storage_alignment", Array("\(ZipLayout.alignment)".utf8))
        zip.add("\(name)/byteorder", Array("little".utf8))
        var slots: [FileLayout.Slot] = []
        for (key, tensor) in tensors.enumerated() {
            let offset = zip.reserve("\(name)/data/\(key)", byteCount: tensor.byteCount)
            slots.append(FileLayout.Slot(tensor: tensor, offset: offset))
        }
        zip.add("\(name)/version", Array("3\n".utf8))
        let (byteCount, completion) = zip.finish()
        return FileLayout(slots: slots, pieces: zip.pieces, byteCount: byteCount, completion: completion)
    }

    private static func check(_ tensors: [TensorSpec], file: String) throws(CheckpointError) {
        guard (1...255).contains(file.utf8.count) else {
            throw .invalid(file, expected: "a file name of at most 255 bytes", found: "\(file.utf8.count)")
        }
        var names: Set<String> = []
        for tensor in tensors {
            guard StatePickle.storageType(of: tensor.dtype) != nil else {
                throw .unsupported(
                    file, at: tensor.name, "dtype \(tensor.dtype.rawValue) in a .pth",
                    advice: "choose float32, float16 or bfloat16")
            }
            guard names.insert(tensor.name).inserted else {
                throw .invalid(
                    file, tensor.name, expected: "each tensor once", found: "the same name again")
            }
        }
    }
}
