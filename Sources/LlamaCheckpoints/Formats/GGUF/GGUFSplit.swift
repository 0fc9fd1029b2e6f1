import LlamaFiles

/// A GGUF model in one file, or in several that llama.cpp's `gguf-split` cut.
enum GGUFSplit {
    /// All files of the model that this one belongs to.
    static func files(with file: FilePath) throws(CheckpointError) -> [String] {
        guard let shard = GGUFShardName(file.name) else { return [file.name] }
        let names = (1...shard.count).map(shard.name)
        if let missing = names.first(where: { !FilePath(file.folder + "/" + $0).exists }) {
            throw CheckpointError(
                file: file.folder + "/" + missing, .missing,
                advice: "\(file.name) is one of \(shard.count): fetch the missing shard")
        }
        return names
    }

    /// The files of the one model in a folder; nil where there is none.
    static func files(among names: [String], in folder: String) throws(CheckpointError) -> [String]? {
        let all = names.filter { $0.hasSuffix(".gguf") }
        guard let first = all.first else { return nil }
        let files = try files(with: FilePath(folder + "/" + first))
        guard all.allSatisfy(files.contains) else {
            let shown =
                all.prefix(6).joined(separator: " ") + (all.count > 6 ? " … (\(all.count) in all)" : "")
            throw .invalid(
                folder, expected: "one GGUF model in the folder", found: shown, advice: "give the file itself"
            )
        }
        return files
    }

    /// Maps the files and checks that each is the shard that its name says.
    static func open(_ names: [String], in folder: String) throws(CheckpointError) -> [TensorFile] {
        let files = try names.map { name throws(CheckpointError) in try GGUFFile.open(folder + "/" + name) }
        try RepeatedFile.check(files)
        for (index, file) in files.enumerated() {
            guard let metadata = file.gguf else { continue }
            let count = try metadata.int("split.count") ?? 1
            // A single shard under another name: `split.count` of a whole file is 1, or absent.
            guard max(count, 1) == files.count else {
                throw metadata.invalid(
                    "split.count", expected: "\(files.count), the number of files", found: "\(count)")
            }
            let number = try metadata.int("split.no") ?? 0
            guard files.count == 1 || number == index else {
                throw metadata.invalid(
                    "split.no", expected: "\(index), by the file's name", found: "\(number)")
            }
        }
        try checkTensorCount(files)
        return files
    }

    private static func checkTensorCount(_ files: [TensorFile]) throws(CheckpointError) {
        guard files.count > 1, let metadata = files.first?.gguf,
            let expected = try metadata.int("split.tensors.count")
        else { return }
        let found = files.reduce(0) { $0 + $1.tensors.count }
        guard found == expected else {
            throw metadata.invalid(
                "split.tensors.count", expected: "\(found), as in all shards together", found: "\(expected)")
        }
    }
}
