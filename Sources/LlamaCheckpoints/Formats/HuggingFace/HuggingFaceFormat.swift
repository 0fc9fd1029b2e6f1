import LlamaFiles
import Logging

/// Hugging Face's format: `config.json`, and `model.safetensors` or shards with an index; in older repositories
/// `pytorch_model.bin`, or shards of it with an index, in torch's container.
struct HuggingFaceFormat: FormatDefinition {
    var container: any TensorContainer.Type { SafetensorsFile.self }
    var naming: TensorNaming { .huggingFace }
    var configurationFile: String? { "config.json" }
    var tokenFiles: [String] { ["config.json", "generation_config.json"] }

    func weightFiles(in folder: CheckpointFolder) throws(CheckpointError) -> WeightFiles? {
        let names = try folder.entries()
        // As transformers does, safetensors first.
        if let files = try weightFiles("model", SafetensorsFile.self, among: names, in: folder) {
            return files
        }
        if let files = try weightFiles("pytorch_model", TorchFile.self, among: names, in: folder) {
            return files
        }
        // One of one, such as `model-00001-of-00001`, or of another name.
        let older = names.filter { Self.isPytorchModel($0) }
        if older.count == 1 { return .files(older, TorchFile.self) }
        let all = names.filter { $0.hasSuffix(".safetensors") }
        return all.count == 1 ? .files(all, container) : nil
    }

    /// The file of one container, or the index of several; nil where there is none.
    private func weightFiles(
        _ stem: String, _ container: any TensorContainer.Type, among names: [String],
        in folder: CheckpointFolder
    ) throws(CheckpointError) -> WeightFiles? {
        if let index = ShardIndex.name(among: names, of: container) { return .index(index) }
        let suffix = ShardIndex.suffix(of: container)
        if names.contains(stem + suffix) { return .files([stem + suffix], container) }
        let shards = names.filter {
            $0.hasSuffix(suffix) && (container == self.container || Self.isPytorchModel($0))
        }
        if let shard = shards.first(where: ShardIndex.isShard) {
            throw ShardIndex.missing(in: folder.path, shard: shard)
        }
        return nil
    }

    /// Whether a file is one of weights in torch's container, by its name: others end in `.bin`, too.
    private static func isPytorchModel(_ name: String) -> Bool {
        name.hasPrefix("pytorch_model") && name.hasSuffix(".bin")
    }

    func weightFiles(
        with file: FilePath, container: (any TensorContainer.Type)?
    ) throws(CheckpointError) -> WeightFiles? {
        if ShardIndex.isIndex(file.name) { return .index(file.name) }
        guard let container, container == SafetensorsFile.self || container == TorchFile.self,
            ShardIndex.isShard(file.name)
        else { return nil }
        let names = try CheckpointFolder(file.folder).entries()
        guard let index = ShardIndex.name(among: names, of: container) else {
            throw ShardIndex.missing(in: file.folder, shard: file.name)
        }
        return .index(index)
    }

    func configuration(
        of files: [TensorFile], in folder: CheckpointFolder, logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration {
        try HuggingFaceConfig.read(
            try folder.configurationFile("config.json", naming: naming),
            generation: folder.existing("generation_config.json"),
            head: StoredHead(in: files, naming: naming),
            logger: logger)
    }
}
