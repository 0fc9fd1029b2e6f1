import LlamaFiles

/// Finds the files of a checkpoint from the path a user gives: a folder, or a file in it.
package struct CheckpointLocation {
    /// The folder of the files.
    package let folder: String
    private let files: WeightFiles

    /// - Throws: where there is nothing at `path`, or no checkpoint, or only part of one.
    package init(_ path: String) throws(CheckpointError) {
        let file = FilePath(path)
        if try Self.isFolder(file) {
            let trailing = path.reversed().prefix { $0 == "/" }.count
            folder = trailing == path.count ? path : String(path.dropLast(trailing))
            files = try Self.files(in: CheckpointFolder(folder))
        } else {
            folder = file.folder
            files = try Self.files(with: file)
        }
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
        case .index(let name): try SafetensorsIndex.open(folder + "/" + name)
        }
    }

    private static func files(in folder: CheckpointFolder) throws(CheckpointError) -> WeightFiles {
        for format in CheckpointFormat.allCases {
            if let files = try format.definition.weightFiles(in: folder) { return files }
        }
        let listing = try folder.listing()
        let names = listing.undecodable.map { "\($0) (not UTF-8: rename it)" } + listing.names
        let shown = names.prefix(5).joined(separator: " ") + (names.count > 5 ? " …" : "")
        throw CheckpointError(
            file: folder.path, .noCheckpoint(found: names.isEmpty ? "an empty folder" : shown),
            advice: "expected consolidated.*.pth, consolidated.safetensors, model.safetensors or one .gguf")
    }

    private static func files(with file: FilePath) throws(CheckpointError) -> WeightFiles {
        let isConfiguration = CheckpointFormat.allCases.contains {
            $0.definition.configurationFile == file.name
        }
        if isConfiguration { return try files(in: CheckpointFolder(file.folder)) }
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
