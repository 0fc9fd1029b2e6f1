import LlamaFiles

/// Where downloads of Hugging Face repositories keep the files of a checkpoint.
extension CheckpointFolder {
    /// The folder beneath this one with the files as Meta published them; nil where there is none.
    var original: CheckpointFolder? { subfolder("original") }

    /// The snapshot that is checked out, where this folder is a repository in the cache of `huggingface_hub`
    /// (`models--meta-llama--Llama-3.2-1B`); nil for another folder.
    ///
    /// Source: huggingface_hub's guide "Understand caching": `refs/main` holds the name of a folder in `snapshots`.
    ///
    /// - Throws: where there are several, and `refs/main` names none of them.
    package func snapshot() throws(CheckpointError) -> CheckpointFolder? {
        guard let snapshots = subfolder("snapshots") else { return nil }
        if let name = mainRevision, let snapshot = snapshots.subfolder(name) { return snapshot }
        let all = try snapshots.entries().compactMap { snapshots.subfolder($0) }
        if all.count == 1 { return all[0] }
        let names = all.map { FilePath($0.path).name }
        throw CheckpointError(
            file: path,
            .noCheckpoint(found: all.isEmpty ? "a cache without snapshots" : "\(all.count) snapshots"),
            advice: all.isEmpty
                ? "download the model again"
                : "give one of \(snapshots.path): \(names.prefix(4).joined(separator: " "))")
    }

    /// What `refs/main` names; nil where that is not the name of a snapshot.
    private var mainRevision: String? {
        guard let bytes = try? WholeFile.prefix(of: path + "/refs/main", count: 128),
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let name = text.filter { !$0.isWhitespace }
        return name.isEmpty || !name.allSatisfy { $0.isLetter || $0.isNumber } ? nil : name
    }

    private func subfolder(_ name: String) -> CheckpointFolder? {
        let path = path + "/" + name
        return (try? FilePath(path).isFolder()) == true ? CheckpointFolder(path) : nil
    }
}
