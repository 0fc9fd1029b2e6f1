import LlamaFiles
import LlamaTensors

/// Reads one GGUF file, version 2 or 3: key-values, descriptions of tensors, and their data at aligned offsets.
///
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
package enum GGUFFile: TensorContainer {
    package static let name = "GGUF"
    package static let suffixes = [".gguf"]
    package static let naming: TensorNaming? = .gguf

    /// The first bytes of every file.
    package static let magic = Array("GGUF".utf8)
    /// The alignment of a file that does not state one, in bytes.
    package static let defaultAlignment = 32
    /// Coarsest alignment that is accepted, in bytes.
    package static let alignmentLimit = 1 << 20

    /// Most keys, and most tensors, that are accepted; Llama 3.1 405B has 1,138 tensors.
    private static let countLimit: UInt64 = 1 << 16

    package static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: magic) }

    package static func open(_ names: [String], in folder: String) throws(CheckpointError) -> [TensorFile] {
        try GGUFSplit.open(names, in: folder)
    }

    /// Maps the file and views its tensors; reads the header only.
    package static func open(_ path: String) throws(CheckpointError) -> TensorFile {
        let file = try mapFile(path)
        let header = try readHeader(file)
        var cursor = header.cursor
        let alignment = try alignment(header.metadata)
        var infos: [GGUFTensorInfo] = []
        for index in 0..<header.tensorCount {
            cursor.item = "tensor \(index)"
            infos.append(try GGUFTensorInfo(&cursor))
        }
        let dataStart = cursor.position.roundedUp(to: alignment)
        try GGUFTensorInfo.checkExtents(
            infos, dataCount: file.bytes.count - dataStart, alignment: alignment, path: path)
        try GGUFTensorInfo.checkOverlaps(infos, alignment: alignment, path: path)
        var tensors: [String: Tensor] = [:]
        for info in infos { tensors[info.name] = try info.tensor(in: file, dataStart: dataStart) }
        return TensorFile(path: path, container: self, tensors: tensors, gguf: header.metadata)
    }

    /// The key-values of a file, without its tensors. Those of a split model are in its first file, whichever is given.
    ///
    /// - Parameter path: Any file of the model.
    package static func metadata(at path: String) throws(CheckpointError) -> GGUFMetadata {
        let metadata = try readHeader(try mapFile(path)).metadata
        guard let number = try metadata.int("split.no"), number > 0 else { return metadata }
        let file = FilePath(path)
        guard let first = try GGUFSplit.files(with: file).first, first != file.name else { return metadata }
        return try readHeader(try mapFile(file.folder + "/" + first)).metadata
    }

    /// Reads everything before the descriptions of the tensors, at which the cursor is left.
    private static func readHeader(
        _ file: MappedFile
    ) throws(CheckpointError) -> (cursor: GGUFCursor, tensorCount: Int, metadata: GGUFMetadata) {
        try checkMagic(file)
        var cursor = GGUFCursor(file, position: magic.count)
        try checkVersion(&cursor)
        cursor.item = "tensor count"
        let tensorCount = try cursor.count(
            of: "tensors", least: GGUFTensorInfo.leastByteCount, limit: countLimit)
        cursor.item = "key count"
        // A key's length and at least one byte of it, a type, a value.
        let keyCount = try cursor.count(of: "keys", least: 8 + 1 + 4 + 1, limit: countLimit)
        let metadata = try readMetadata(&cursor, count: keyCount)
        do { try file.checkUnchanged() } catch { throw CheckpointError(error) }
        return (cursor, tensorCount, metadata)
    }

    private static func checkMagic(_ file: MappedFile) throws(CheckpointError) {
        guard !recognizes(file.bytes) else { return }
        if let impostor = Impostor(file.bytes) {
            throw .invalid(file.path, expected: "GGUF", found: impostor.rawValue, advice: impostor.advice)
        }
        // The older formats stored their names as little-endian numbers, that is backwards.
        let start = String(decoding: file.bytes.prefix(4), as: UTF8.self)
        if let older = ["lmgg": "GGML", "fmgg": "GGMF", "tjgg": "GGJT", "algg": "GGLA"][start] {
            throw .unsupported(
                file.path, "the \(older) format, which GGUF replaced in 2023",
                advice: "convert the original checkpoint")
        }
        throw .invalid(file.path, expected: "a file that begins with GGUF", found: "\"\(start)\"")
    }

    private static func checkVersion(_ cursor: inout GGUFCursor) throws(CheckpointError) {
        cursor.item = "version"
        let version = try cursor.integer(UInt32.self)
        switch version {
        case 2, 3: return
        case 1:
            throw .unsupported(cursor.path, "GGUF version 1", advice: "convert the original checkpoint")
        case _ where (1...3).contains(version.byteSwapped):
            throw .unsupported(
                cursor.path, "a big-endian GGUF file", advice: "fetch the little-endian file of the model")
        default: throw cursor.invalid(expected: "2 or 3", found: "\(version)")
        }
    }

    private static func readMetadata(
        _ cursor: inout GGUFCursor, count: Int
    ) throws(CheckpointError) -> GGUFMetadata {
        var entries: [GGUFMetadata.Entry] = []
        var known: Set<String> = []
        for index in 0..<count {
            cursor.item = "key \(index)"
            let key = try cursor.key()
            cursor.item = key
            guard known.insert(key).inserted else {
                throw cursor.invalid(expected: "each key once", found: "the same key again")
            }
            entries.append((key, try cursor.value(cursor.type())))
        }
        return GGUFMetadata(file: cursor.path, entries: entries)
    }

    private static func alignment(_ metadata: GGUFMetadata) throws(CheckpointError) -> Int {
        let key = "general.alignment"
        guard let alignment = try metadata.int(key) else { return defaultAlignment }
        guard (1...alignmentLimit).contains(alignment), alignment & (alignment - 1) == 0 else {
            throw metadata.invalid(
                key, expected: "a power of two up to \(alignmentLimit)", found: "\(alignment)")
        }
        return alignment
    }
}

extension Int {
    /// The number rounded up to a multiple of `alignment`, a power of two; for numbers far below `Int.max`.
    package func roundedUp(to alignment: Int) -> Int { (self + alignment - 1) & ~(alignment - 1) }
}
