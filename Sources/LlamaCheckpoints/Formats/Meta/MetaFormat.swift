import LlamaFiles
import Logging

/// Meta's formats: `params.json`, and `consolidated` files in torch's container or in safetensors.
struct MetaFormat: FormatDefinition {
    let container: any TensorContainer.Type
    /// What the names of the weight files end in.
    let fileSuffix: String

    var naming: TensorNaming { .meta }
    var configurationFile: String? { "params.json" }
    var isModelParallel: Bool { true }
    var tokenFiles: [String] { ["generation_config.json"] }

    func weightFiles(in folder: CheckpointFolder) throws(CheckpointError) -> WeightFiles? {
        let names = try folder.entries()
        // With Hugging Face's configuration alone, `consolidated` files are a second copy of the weights.
        guard names.contains("params.json") || !names.contains("config.json") else { return nil }
        let shards = names.filter { $0.hasPrefix("consolidated") && $0.hasSuffix(fileSuffix) }
        guard !shards.isEmpty else { return nil }
        return .files(try MetaShardName.ordered(shards, in: folder.path), container)
    }

    func weightFiles(
        with file: FilePath, container: (any TensorContainer.Type)?
    ) throws(CheckpointError) -> WeightFiles? {
        guard container == self.container, !ShardIndex.isShard(file.name) else { return nil }
        return .files(try MetaShardName.siblings(of: file), self.container)
    }

    func configuration(
        of files: [TensorFile], in folder: CheckpointFolder, logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration {
        let params = try MetaParams(try folder.configurationFile("params.json", naming: naming))
        return try MetaShards(params: params, files: files).configuration(
            generation: folder.existing("generation_config.json"), logger: logger)
    }
}
