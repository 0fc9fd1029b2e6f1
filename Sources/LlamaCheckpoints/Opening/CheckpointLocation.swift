import LlamaFiles

/// Finds the files of a checkpoint from the path a user gives: a folder, or a file in it.
package struct CheckpointLocation {
    /// The folder of the files.
    package let folder: String
    /// The folder that was given, or that of the file that was given. ``folder`` may be beneath it.
    let asked: String
    private let files: WeightFiles

    /// - Throws: where there is nothing at `path`, or no checkpoint, or only part of one.
    package init(_ path: String) throws(CheckpointError) {
        let file = FilePath(path)
        if try Self.isFolder(file) {
            let trailing = path.reversed().prefix { $0 == "/" }.count
            asked = trailing == path.count ? path : String(path.dropLast(trailing))
            let (found, files) = try Self.search(CheckpointFolder(asked))
            (folder, self.files) = (found.path, files)
        } else {
            asked = file.folder
            folder = file.folder
            files = try Self.files(with: file)
        }
    }

    /// The files in a folder; where it has none, those in the folder beneath it where downloads of Hugging Face
    /// repositories keep them.
    private static func search(
        _ folder: CheckpointFolder
    ) throws(CheckpointError) -> (CheckpointFolder, WeightFiles) {
        if let files = try files(in: folder) { return (folder, files) }
        let download = try folder.snapshot()
        if let download, let files = try files(in: download) { return (download, files) }
        let original = (download ?? folder).original
        if let original, let files = try files(in: original) { return (original, files) }
        throw nothing(in: download ?? folder)
    }

    private static func isFolder(_ path: FilePath) throws(CheckpointError) -> Bool {
        do { return try path.isFolder() } catch { throw CheckpointError(error) }
    }

    /// Paths of the weight files; nil if an index lists them.
    package var paths: [String]? {
        guard case .files(let names, _) = files else { return nil }
        return names.map { folder + "/" + $0 }
    }

    /// The kind of the weight files; nil if an index lists them.
    package var container: (any TensorContainer.Type)? {
        guard case .files(_, let container) = files else { return nil }
        return container
    }

    /// Maps the weight files.
    package func open() throws(CheckpointError) -> [TensorFile] {
        switch files {
        case .files(let names, let container): try container.open(names, in: folder)
        case .index(let name): try ShardIndex.open(folder + "/" + name)
        }
    }

    private static func files(in folder: CheckpointFolder) throws(CheckpointError) -> WeightFiles? {
        for format in CheckpointFormat.allCases {
            if let files = try format.definition.weightFiles(in: folder) { return files }
        }
        return nil
    }

    private static func nothing(in folder: CheckpointFolder) -> CheckpointError {
        let listing: (names: [String], undecodable: [String])
        do { listing = try folder.listing() } catch { return error }
        let names = listing.undecodable.map { "\($0) (not UTF-8: rename it)" } + listing.names
        let shown = names.prefix(5).joined(separator: " ") + (names.count > 5 ? " …" : "")
        return CheckpointError(
            file: folder.path, .noCheckpoint(found: names.isEmpty ? "an empty folder" : shown),
            advice: advice(for: names, in: folder))
    }

    private static func advice(for names: [String], in folder: CheckpointFolder) -> String {
        if names.contains(where: { $0.hasPrefix("consolidated.") }), !names.contains("params.json") {
            return "consolidated files need Meta's params.json beside them"
        }
        let checkpoints = names.filter { name in
            let path = FilePath(folder.path + "/" + name)
            return path.isRealFolder && (try? files(in: CheckpointFolder(path.path))) ?? nil != nil
        }
        if let first = checkpoints.first {
            let others = checkpoints.count > 1 ? " or another of its \(checkpoints.count) checkpoints" : ""
            return "give \(folder.path)/\(first)\(others)"
        }
        return
            "expected consolidated.*.pth, consolidated.safetensors, model.safetensors, pytorch_model.bin or one .gguf"
    }

    private static func files(with file: FilePath) throws(CheckpointError) -> WeightFiles {
        let isConfiguration = CheckpointFormat.allCases.contains {
            $0.definition.configurationFile == file.name
        }
        if isConfiguration {
            let folder = CheckpointFolder(file.folder)
            guard let files = try files(in: folder) else { throw nothing(in: folder) }
            return files
        }
        if let kind = file.specialKind {
            throw CheckpointError(file: file.path, .unreadable("it is \(kind), not a regular file"))
        }
        let container = try CheckpointFormat.container(of: file.path)
        for format in CheckpointFormat.allCases {
            let files = try format.definition.weightFiles(with: file, container: container)
            if let files { return files }
        }
        throw .unsupported(
            file.path, "this kind of file", advice: "give a folder, a .pth, a .safetensors or a .gguf file")
    }
}
