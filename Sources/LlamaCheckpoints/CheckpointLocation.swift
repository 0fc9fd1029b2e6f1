import LlamaFiles

/// Finds the files of a checkpoint from the path a user gives: a folder, or a file in it.
package struct CheckpointLocation {
    /// How the weights are stored.
    private enum Layout {
        case torchShards([String])
        case safetensors([String])
        case safetensorsIndex(String)
        case llama2c(String)
        case gguf([String])
    }

    package let folder: String
    private let layout: Layout

    package init(_ path: String) throws(CheckpointError) {
        let given = FilePath(path)
        if try Self.isFolder(given) {
            let trailing = path.reversed().prefix { $0 == "/" }.count
            folder = trailing == path.count ? path : String(path.dropLast(trailing))
            layout = try CheckpointLocation.layout(ofFolder: folder)
        } else {
            folder = given.folder
            layout = try CheckpointLocation.layout(ofFile: given)
        }
    }

    private static func isFolder(_ path: FilePath) throws(CheckpointError) -> Bool {
        do { return try path.isFolder() } catch { throw CheckpointError(error) }
    }

    private static func entries(of folder: String) throws(CheckpointError) -> [String] {
        do { return try FilePath(folder).entries() } catch { throw CheckpointError(error) }
    }

    /// Maps the weight files.
    package func open() throws(CheckpointError) -> [TensorFile] {
        switch layout {
        case .safetensorsIndex(let name): return try SafetensorsIndex.open(folder + "/" + name)
        case .llama2c(let name): return [try Llama2cFile.open(folder + "/" + name)]
        case .torchShards(let names):
            return try names.map { name throws(CheckpointError) in try TorchFile.open(folder + "/" + name) }
        case .safetensors(let names):
            return try names.map { name throws(CheckpointError) in
                try SafetensorsFile.open(folder + "/" + name)
            }
        case .gguf(let names): return try GGUFSplit.open(names, in: folder)
        }
    }

    /// The path of a file beside the weights, where it is there.
    package func optionalFile(_ name: String) -> String? {
        let path = folder + "/" + name
        return FilePath(path).exists ? path : nil
    }

    /// The path of the configuration that goes with the tensor names.
    package func configurationFile(_ name: String, naming: TensorNaming) throws(CheckpointError) -> String {
        let path = folder + "/" + name
        guard FilePath(path).exists else {
            throw CheckpointError(
                file: path, .missing, advice: "tensors with \(naming.rawValue) names need it beside them")
        }
        return path
    }

    private static func layout(ofFolder folder: String) throws(CheckpointError) -> Layout {
        let names = try entries(of: folder)
        let hasParams = names.contains("params.json")
        let torch = names.filter { $0.hasPrefix("consolidated.") && $0.hasSuffix(".pth") }
        if hasParams || !names.contains("config.json") {
            if !torch.isEmpty { return .torchShards(try numbered(torch, in: folder)) }
            let shards = names.filter { $0.hasPrefix("consolidated") && $0.hasSuffix(".safetensors") }
            if shards == ["consolidated.safetensors"] { return .safetensors(shards) }
            if !shards.isEmpty { return .safetensors(try numbered(shards, in: folder)) }
        }
        if let index = names.first(where: { $0.hasSuffix(".safetensors.index.json") }) {
            return .safetensorsIndex(index)
        }
        let safetensors = names.filter { $0.hasSuffix(".safetensors") }
        if safetensors.contains("model.safetensors") { return .safetensors(["model.safetensors"]) }
        if let shard = safetensors.first(where: isHuggingFaceShard) {
            throw missingIndex(folder, shard: shard)
        }
        if safetensors.count == 1 { return .safetensors(safetensors) }
        if let gguf = try GGUFSplit.files(amongst: names, in: folder) { return .gguf(gguf) }
        throw nothing(in: folder, names: names)
    }

    private static func layout(ofFile file: FilePath) throws(CheckpointError) -> Layout {
        let name = file.name
        if ["params.json", "config.json"].contains(name) { return try layout(ofFolder: file.folder) }
        if name.hasSuffix(".safetensors.index.json") { return .safetensorsIndex(name) }
        if name.hasSuffix(".bin"), try Llama2cFile.isLikely(file.path) { return .llama2c(name) }
        if name.hasSuffix(".gguf") { return .gguf(try GGUFSplit.files(with: file)) }
        if name.hasSuffix(".pth") || name.hasSuffix(".pt") || name.hasSuffix(".bin") {
            return .torchShards(try siblings(of: file))
        }
        guard name.hasSuffix(".safetensors") else {
            throw .unsupported(
                file.path, "this kind of file",
                advice: "give a folder, a .pth, a .safetensors or a .gguf file")
        }
        if isHuggingFaceShard(name) {
            let entries = try entries(of: file.folder)
            guard let index = entries.first(where: { $0.hasSuffix(".safetensors.index.json") }) else {
                throw missingIndex(file.folder, shard: name)
            }
            return .safetensorsIndex(index)
        }
        return .safetensors(try siblings(of: file))
    }

    /// All numbered shards where one of them is given, else the file alone.
    private static func siblings(of file: FilePath) throws(CheckpointError) -> [String] {
        guard let shape = ShardName(file.name) else { return [file.name] }
        let all = try entries(of: file.folder).filter { ShardName($0)?.suffix == shape.suffix }
        return try numbered(all, in: file.folder)
    }

    /// `consolidated.00.pth` … in order, none missing.
    private static func numbered(_ names: [String], in folder: String) throws(CheckpointError) -> [String] {
        let shards = names.compactMap { name in ShardName(name).map { (name, $0) } }.sorted {
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

    /// Whether the file is one of several; `model-00001-of-00001` is whole.
    private static func isHuggingFaceShard(_ name: String) -> Bool {
        name.contains("-of-") && !name.hasSuffix("-of-00001.safetensors")
    }

    private static func missingIndex(_ folder: String, shard: String) -> CheckpointError {
        CheckpointError(
            file: folder + "/model.safetensors.index.json", .missing,
            advice: "\(shard) is one of several: fetch the index that names them")
    }

    private static func nothing(in folder: String, names: [String]) -> CheckpointError {
        let shown = names.prefix(5).joined(separator: " ") + (names.count > 5 ? " …" : "")
        return CheckpointError(
            file: folder, .noCheckpoint(found: names.isEmpty ? "an empty folder" : shown),
            advice: "expected consolidated.*.pth, consolidated.safetensors, model.safetensors or one .gguf")
    }
}

/// The parts of `consolidated.NN.pth`.
private struct ShardName {
    let number: Int
    let suffix: String

    init?(_ name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "consolidated", let number = Int(parts[1]), number >= 0 else {
            return nil
        }
        self.number = number
        suffix = "." + parts[2]
    }
}
