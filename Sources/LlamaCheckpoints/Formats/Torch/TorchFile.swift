import LlamaFiles
import LlamaTensors

/// Reads a checkpoint that `torch.save` wrote (`.pth`): a ZIP of a pickle and raw storages. Nothing is executed.
package enum TorchFile: TensorContainer {
    package static let name = ".pth"
    package static let suffixes = [".pth", ".pt", ".bin"]

    /// Largest pickle that is read, in bytes. A state dict takes about a hundred per tensor, so this is far beyond any;
    /// each byte can cost about ten of memory.
    private static let pickleLimit = 8 << 20
    /// First bytes of the formats that `torch.save` wrote before 1.6.
    private static let legacyMagic: [UInt8] = [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20]

    /// Whether the file begins as a ZIP of at least one entry, or as one of the formats before it.
    package static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: legacyMagic)
    }

    /// Maps the file and views its tensors; reads the directory and the pickle only.
    package static func open(_ path: String) throws(CheckpointError) -> TensorFile {
        let file = try mapFile(path)
        try checkMagic(file)
        let archive = try ZipArchive(file)
        let (pickle, range) = try pickleEntry(of: archive, path: path)
        let root = String(pickle.dropLast("data.pkl".count))
        try checkByteOrder(archive, root: root, file: file)
        let reader = StorageReader(file: file, archive: archive, root: root)
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in try stateDictionary(in: file, range: range, entry: pickle) {
            guard tensors.updateValue(try reader.tensor(tensor, name: name), forKey: name) == nil else {
                throw .invalid(path, name, expected: "each tensor once", found: "the same name again")
            }
        }
        return TensorFile(path: path, container: self, tensors: tensors)
    }

    /// The only entry `<root>/data.pkl`; with two it would be arbitrary which is read.
    private static func pickleEntry(
        of archive: ZipArchive, path: String
    ) throws(CheckpointError) -> (name: String, range: Range<Int>) {
        let pickles = archive.entries.filter { $0.key.hasSuffix("/data.pkl") }
        guard let pickle = pickles.first, pickles.count == 1 else {
            let names = (pickles.isEmpty ? archive.entries : pickles).keys.sorted().prefix(4)
            throw .invalid(
                path, expected: "one ZIP entry data.pkl",
                found: names.isEmpty ? "an empty ZIP" : names.joined(separator: " "),
                advice: "this ZIP is not a torch checkpoint")
        }
        guard pickle.value.count <= pickleLimit else {
            throw .invalid(
                path, pickle.key, expected: "at most \(pickleLimit) bytes", found: "\(pickle.value.count)",
                advice: "save the plain state dict of the model")
        }
        return (pickle.key, pickle.value)
    }

    private static func checkMagic(_ file: MappedFile) throws(CheckpointError) {
        if let impostor = Impostor(file.bytes) {
            throw .invalid(
                file.path, expected: "a torch checkpoint (ZIP)", found: impostor.rawValue,
                advice: impostor.advice)
        }
        if file.bytes.starts(with: legacyMagic) {
            throw .unsupported(
                file.path, "the torch.save format from before torch 1.6 (2020)",
                advice: "load it in a current torch and save it again")
        }
        if file.bytes.starts(with: Array("GGUF".utf8)) {
            throw .unsupported(
                file.path, "the GGUF format",
                advice: "take the checkpoint it was made from: .pth or .safetensors")
        }
        guard file.bytes.starts(with: [0x50, 0x4B]) else {
            let head = file.bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                .joined(separator: " ")
            throw .invalid(
                file.path, expected: "a torch checkpoint (ZIP, begins with PK)", found: "bytes \(head)")
        }
    }

    private static func checkByteOrder(
        _ archive: ZipArchive, root: String, file: MappedFile
    ) throws(CheckpointError) {
        guard let range = archive.entries[root + "byteorder"] else { return }
        let order = String(decoding: file.bytes[range].prefix(16), as: UTF8.self)
        guard order == "little" else {
            throw .unsupported(file.path, at: root + "byteorder", "byte order \"\(order)\"")
        }
    }

    private static func stateDictionary(
        in file: MappedFile, range: Range<Int>, entry: String
    ) throws(CheckpointError) -> [(String, TorchTensor)] {
        var unpickler = Unpickler(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
        let root: PickleValue
        do {
            root = try unpickler.run()
        } catch {
            throw .invalid(
                file.path, "\(entry): byte \(error.offset)", expected: error.expected, found: error.found,
                advice: error.advice)
        }
        guard case .dictionary(let index) = root else {
            throw .invalid(file.path, entry, expected: "a dict of tensors", found: root.kind)
        }
        var result: [(String, TorchTensor)] = []
        for (key, value) in unpickler.heap.dictionaries[index] {
            if case .string(let name) = key, case .unsupported(let value) = value {
                throw .unsupported(file.path, at: name, value.what, advice: value.advice)
            }
            guard case .string(let name) = key, case .tensor(let tensor) = value else {
                let item = if case .string(let name) = key { name } else { entry }
                throw .invalid(
                    file.path, item, expected: "a tensor under a name",
                    found: "\(value.kind) under \(key.kind)",
                    advice: "save the plain state dict of the model")
            }
            result.append((name, tensor))
        }
        return result
    }
}

/// Finds the bytes of storages and views tensors in them.
private struct StorageReader {
    let file: MappedFile
    let archive: ZipArchive
    let root: String

    func tensor(_ tensor: TorchTensor, name: String) throws(CheckpointError) -> Tensor {
        let storage = tensor.storage
        let entry = "\(root)data/\(storage.key)"
        guard let dtype = storage.type.dtype, let range = archive.entries[entry] else {
            throw .invalid(file.path, name, expected: "its storage \(entry)", found: "no such ZIP entry")
        }
        guard storage.count <= range.count / dtype.blockSize else {
            throw .invalid(
                file.path, name, expected: "\(storage.count) elements of \(dtype.rawValue) in \(entry)",
                found: "\(range.count) bytes")
        }
        let (start, overflow) = tensor.offset.multipliedReportingOverflow(by: dtype.blockSize)
        guard !overflow, start >= 0, start <= range.count,
            let reach = Tensor.extent(shape: tensor.shape, strides: tensor.strides),
            reach <= storage.count - tensor.offset,
            let view = Tensor(
                dtype: dtype, shape: tensor.shape, strides: tensor.strides, storage: file,
                byteOffset: range.lowerBound + start),
            // A stride of 0 could let one element claim to be any number of them.
            view.count <= storage.count
        else {
            throw .invalid(
                file.path, name, expected: "a view inside the \(storage.count) elements of its storage",
                found: "shape \(tensor.shape), strides \(tensor.strides), offset \(tensor.offset)")
        }
        return view
    }
}

extension PickleGlobal {
    /// The element type of a storage class; nil for other names.
    var dtype: DType? {
        switch self {
        case .doubleStorage: .float64
        case .floatStorage: .float32
        case .halfStorage: .float16
        case .bfloat16Storage: .bfloat16
        case .longStorage: .int64
        case .intStorage: .int32
        case .shortStorage: .int16
        case .charStorage: .int8
        case .byteStorage: .uint8
        case .boolStorage: .bool
        case .orderedDictionary, .rebuildTensor, .rebuildParameter: nil
        }
    }
}
