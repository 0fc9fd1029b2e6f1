import LlamaFiles
import Logging

/// Hugging Face's format: `config.json`, and `model.safetensors` or shards with an index.
struct HuggingFaceFormat: FormatDefinition {
    var container: any TensorContainer.Type { SafetensorsFile.self }
    var naming: TensorNaming { .huggingFace }
    var configurationFile: String? { "config.json" }
    var tokenFiles: [String] { ["config.json", "generation_config.json"] }

    func weightFiles(in folder: CheckpointFolder) throws(CheckpointError) -> WeightFiles? {
        let names = try folder.entries()
        if let index = names.first(where: SafetensorsIndex.isIndex) { return .index(index) }
        let all = names.filter { $0.hasSuffix(".safetensors") }
        if all.contains("model.safetensors") { return .files(["model.safetensors"], container) }
        if let shard = all.first(where: SafetensorsIndex.isShard) {
            throw SafetensorsIndex.missing(in: folder.path, shard: shard)
        }
        return all.count == 1 ? .files(all, container) : nil
    }

    func weightFiles(
        with file: FilePath, container: (any TensorContainer.Type)?
    ) throws(CheckpointError) -> WeightFiles? {
        if SafetensorsIndex.isIndex(file.name) { return .index(file.name) }
        guard container == self.container, SafetensorsIndex.isShard(file.name) else { return nil }
        guard let index = try CheckpointFolder(file.folder).entries().first(where: SafetensorsIndex.isIndex)
        else {
            throw SafetensorsIndex.missing(in: file.folder, shard: file.name)
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
