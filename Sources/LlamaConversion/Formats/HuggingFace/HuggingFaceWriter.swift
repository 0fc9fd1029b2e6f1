import LlamaCheckpoints
import LlamaJSON

/// Plans the files of Hugging Face's format.
struct HuggingFaceWriter: FormatWriter {
    func obstacles(to model: OutputModel) -> [String] {
        guard case .factors = model.configuration.rope.scaling else { return [] }
        return ["config.json has no name for RoPE factors of each frequency"]
    }

    /// `model.safetensors` or shards with an index, `config.json` and `generation_config.json`.
    func files(of model: OutputModel) throws(CheckpointError) -> [PlannedFile] {
        var groups: [[OutputTensor]] = [[]]
        var size = 0
        for role in model.roles {
            let tensor = try model.tensor(role)
            if size + tensor.spec.byteCount > model.options.maximumShardSize,
                !groups[groups.count - 1].isEmpty
            {
                groups.append([])
                size = 0
            }
            groups[groups.count - 1].append(tensor)
            size += tensor.spec.byteCount
        }
        var files: [PlannedFile] = []
        var weightMap: [(String, JSONText)] = []
        for (index, tensors) in groups.enumerated() {
            let name = Self.shardName(index, of: groups.count)
            let layout = try SafetensorsWriter.layout(
                tensors: tensors.map(\.spec), metadata: [("format", "pt")],
                digests: tensors.map(\.digestEntry),
                name: name)
            files.append(try PlannedFile(name: name, content: .weights(layout, tensors)))
            weightMap += tensors.map { ($0.spec.name, .string(name)) }
        }
        if groups.count > 1 {
            let total = groups.joined().reduce(0) { $0 + $1.spec.byteCount }
            let index = JSONText.object([
                ("metadata", .object([("total_size", .int(total))])), ("weight_map", .object(weightMap)),
            ])
            files.append(try Self.text("model.safetensors.index.json", index))
        }
        return files + (try configurations(of: model))
    }

    private func configurations(of model: OutputModel) throws(CheckpointError) -> [PlannedFile] {
        let path = model.checkpoint.folder + "/config.json"
        let texts = HuggingFaceConfigText(
            model.configuration, dtype: try model.mainDType, tokens: model.options.tokens)
        var files: [PlannedFile] = []
        if model.checkpoint.naming != .huggingFace {
            files.append(try Self.text("config.json", texts.config))
        } else if model.keepsConfig {
            files.append(try PlannedFile(name: "config.json", content: .companion(.copy(path))))
        } else {
            files.append(
                try Self.text("config.json", texts.revised(path, from: model.checkpoint.configuration)))
        }
        let hasGeneration = model.options.companions.contains { $0.name == "generation_config.json" }
        if !hasGeneration, model.checkpoint.naming != .huggingFace, let generation = texts.generation {
            files.append(try PlannedFile(name: "generation_config.json", bytes: generation))
        }
        return files
    }

    private static func shardName(_ index: Int, of count: Int) -> String {
        if count == 1 { return "model.safetensors" }
        func digits(_ number: Int) -> String { String(String(100_000 + number).dropFirst()) }
        return "model-\(digits(index + 1))-of-\(digits(count)).safetensors"
    }

    private static func text(
        _ name: String, _ value: JSONText
    ) throws(CheckpointError) -> PlannedFile {
        try PlannedFile(name: name, bytes: Array((value.serialized + "\n").utf8))
    }
}
