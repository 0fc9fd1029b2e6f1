import LlamaFiles

/// The name of a model-parallel shard, `consolidated.NN.SUFFIX`.
struct MetaShardName {
    /// The shard's number, from 0.
    let number: Int
    /// What the name ends in, with its dot.
    let suffix: String

    /// Nil for other names, such as `consolidated.safetensors`.
    init?(_ name: String) {
        let fields = name.split(separator: ".", omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0] == "consolidated", let number = Int(fields[1]), number >= 0 else {
            return nil
        }
        self.number = number
        suffix = "." + fields[2]
    }

    /// All shards of the model that `file` is one of; the file alone where its name is not a shard's.
    static func siblings(of file: FilePath) throws(CheckpointError) -> [String] {
        guard let shard = MetaShardName(file.name) else { return [file.name] }
        let names = try CheckpointFolder(file.folder).entries()
        return try ordered(names.filter { MetaShardName($0)?.suffix == shard.suffix }, in: file.folder)
    }

    /// The shards by number; names that are not a shard's are dropped, unless there are only such.
    ///
    /// - Throws: ``CheckpointError/Reason/missing`` for a gap in the numbers.
    static func ordered(_ names: [String], in folder: String) throws(CheckpointError) -> [String] {
        let shards = names.compactMap { name in MetaShardName(name).map { (name, $0) } }.sorted {
            $0.1.number < $1.1.number
        }
        guard !shards.isEmpty else { return names }
        for (index, shard) in shards.enumerated() where shard.1.number != index {
            let missing = "consolidated.\(index < 10 ? "0" : "")\(index)\(shard.1.suffix)"
            throw CheckpointError(
                file: folder + "/" + missing, .missing, advice: "\(shard.0) is there: fetch the missing shard"
            )
        }
        return shards.map(\.0)
    }
}
