import LlamaFiles

/// A GGUF model in one file, or cut into several by llama.cpp's `gguf-split`.
enum GGUFSplit {
    /// Most files that a model may be cut into.
    private static let countLimit = 1 << 12

    /// The parts of `NAME-00001-of-00003.gguf`.
    struct ShardName: Equatable {
        let prefix: String
        let number: Int
        let count: Int

        init?(_ name: String) {
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            guard name.hasSuffix(".gguf"), parts.count >= 4, parts[parts.count - 2] == "of",
                let number = ShardName.number(parts[parts.count - 3]),
                let count = ShardName.number(parts[parts.count - 1].dropLast(".gguf".count)),
                (1...count).contains(number)
            else { return nil }
            prefix = parts.dropLast(3).joined(separator: "-")
            (self.number, self.count) = (number, count)
        }

        /// Five digits, as `gguf-split` writes them.
        private static func number(_ digits: Substring) -> Int? {
            guard digits.utf8.count == 5, let number = Int(digits), (1...countLimit).contains(number) else {
                return nil
            }
            return number
        }

        /// The file's name, with another number.
        func name(_ number: Int) -> String {
            "\(prefix)-\(ShardName.padded(number))-of-\(ShardName.padded(count)).gguf"
        }

        private static func padded(_ number: Int) -> String {
            String(repeating: "0", count: max(5 - "\(number)".count, 0)) + "\(number)"
        }
    }

    /// All files of the model that this one belongs to.
    static func files(with file: FilePath) throws(CheckpointError) -> [String] {
        guard let shard = ShardName(file.name) else { return [file.name] }
        let names = (1...shard.count).map(shard.name)
        if let missing = names.first(where: { !FilePath(file.folder + "/" + $0).exists }) {
            throw CheckpointError(
                file: file.folder + "/" + missing, .missing,
                advice: "\(file.name) is one of \(shard.count): fetch the missing shard")
        }
        return names
    }

    /// The files of the one model in a folder; nil where there is none.
    static func files(amongst names: [String], in folder: String) throws(CheckpointError) -> [String]? {
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

    /// Maps the files and checks that each is the shard that its place says.
    static func open(_ names: [String], in folder: String) throws(CheckpointError) -> [TensorFile] {
        let files = try names.map { name throws(CheckpointError) in try GGUFFile.open(folder + "/" + name) }
        for (index, file) in files.enumerated() {
            guard let metadata = file.gguf else { continue }
            let count = try metadata.int("split.count") ?? 1
            // A shard by itself under another name: `split.count` of a whole file is 1, or not there.
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
