import LlamaCheckpoints
import LlamaFiles
import LlamaJSON
import LlamaTensors

extension TargetPlan {
    /// `consolidated.NN` and `params.json`.
    func metaFiles() throws(CheckpointError) -> [ConversionPlan.File] {
        let cut = shardCut
        var files: [ConversionPlan.File] = []
        for shard in 0..<cut.count {
            var tensors: [OutputTensor] = []
            for role in roles { tensors.append(try tensor(role, shard: shard, of: cut)) }
            let number = (shard < 10 ? "0" : "") + "\(shard)"
            if options.format == .meta {
                let layout = try TorchWriter.layout(
                    tensors: tensors.map(\.spec), name: "consolidated.\(number)")
                files.append(
                    try ConversionPlan.File(
                        name: "consolidated.\(number).pth", content: .weights(layout, tensors)))
            } else {
                let name = cut.count == 1 ? "consolidated.safetensors" : "consolidated.\(number).safetensors"
                let layout = try SafetensorsWriter.layout(
                    tensors: tensors.map(\.spec), metadata: metadata(tensors), name: name)
                files.append(try ConversionPlan.File(name: name, content: .weights(layout, tensors)))
            }
        }
        return files + [try metaParameters()]
    }

    /// The file as it was, where it was Meta's: it may say more than this program knows.
    private func metaParameters() throws(CheckpointError) -> ConversionPlan.File {
        let path = checkpoint.folder + "/params.json"
        // A llama2.c file states its own configuration; what lies beside it may be another model's.
        if checkpoint.format == .meta || checkpoint.format == .metaSafetensors, FilePath(path).exists {
            return try ConversionPlan.File(name: "params.json", content: .companion(.copy(path)))
        }
        let text = MetaParamsText(configuration).text
        return try ConversionPlan.File(name: "params.json", content: .companion(.bytes(Array(text.utf8))))
    }

    /// `model.safetensors` or shards with an index, `config.json` and `generation_config.json`.
    func huggingFaceFiles() throws(CheckpointError) -> [ConversionPlan.File] {
        var groups: [[OutputTensor]] = [[]]
        var size = 0
        for role in roles {
            let tensor = try tensor(role)
            if size + tensor.spec.byteCount > options.maximumShardSize, !groups[groups.count - 1].isEmpty {
                groups.append([])
                size = 0
            }
            groups[groups.count - 1].append(tensor)
            size += tensor.spec.byteCount
        }
        var files: [ConversionPlan.File] = []
        var places: [(String, JSONText)] = []
        for (index, tensors) in groups.enumerated() {
            let name = Self.shardName(index, of: groups.count)
            let layout = try SafetensorsWriter.layout(
                tensors: tensors.map(\.spec), metadata: [("format", "pt")] + metadata(tensors), name: name)
            files.append(try ConversionPlan.File(name: name, content: .weights(layout, tensors)))
            places += tensors.map { ($0.spec.name, .string(name)) }
        }
        if groups.count > 1 {
            let total = groups.joined().reduce(0) { $0 + $1.spec.byteCount }
            let index = JSONText.object([
                ("metadata", .object([("total_size", .int(total))])), ("weight_map", .object(places)),
            ])
            files.append(try Self.text("model.safetensors.index.json", index))
        }
        return files + (try huggingFaceConfigurations())
    }

    private func huggingFaceConfigurations() throws(CheckpointError) -> [ConversionPlan.File] {
        let path = checkpoint.folder + "/config.json"
        let text = HuggingFaceConfigText(configuration, dtype: mainDType, tokens: options.tokens)
        var files: [ConversionPlan.File] = []
        if checkpoint.naming != .huggingFace {
            files.append(try Self.text("config.json", text.config))
        } else if keepsConfig {
            files.append(try ConversionPlan.File(name: "config.json", content: .companion(.copy(path))))
        } else {
            files.append(try Self.text("config.json", text.revised(path, from: checkpoint.configuration)))
        }
        let hasGeneration = options.companions.contains { $0.name == "generation_config.json" }
        if !hasGeneration, checkpoint.naming != .huggingFace, let generation = text.generation {
            let file = CompanionFile.Content.bytes(generation)
            files.append(
                try ConversionPlan.File(name: "generation_config.json", content: .companion(file)))
        }
        return files
    }

    /// The dtype of the largest tensors.
    private var mainDType: DType { (try? dtypes.dtype(of: .layer(0, .w1))) ?? .float32 }

    private static func shardName(_ index: Int, of count: Int) -> String {
        if count == 1 { return "model.safetensors" }
        func digits(_ number: Int) -> String { String(String(100_000 + number).dropFirst()) }
        return "model-\(digits(index + 1))-of-\(digits(count)).safetensors"
    }

    private static func text(
        _ name: String, _ value: JSONText
    ) throws(CheckpointError) -> ConversionPlan.File {
        try ConversionPlan.File(
            name: name, content: .companion(.bytes(Array((value.serialized + "\n").utf8))))
    }

    /// The digests of a file's tensors, which take their place when they are known.
    private func metadata(_ tensors: [OutputTensor]) -> [(String, String)] {
        tensors.map { ("sha256 " + $0.spec.name, DigestPlaceholder.text(for: $0.role)) }
    }

    /// One `.gguf` file.
    func ggufFiles() throws(CheckpointError) -> [ConversionPlan.File] {
        var tensors: [OutputTensor] = []
        var widened: [(name: String, dtype: DType)] = []
        for role in roles {
            let tensor = try tensor(role)
            tensors.append(tensor)
            let original = try dtypes.original(of: tensor.source)
            if tensor.spec.dtype == .float32, original != .float32, original.isFloat {
                widened.append((tensor.spec.name, original))
            }
        }
        let digests = tensors.map { Array("\($0.spec.name) \(DigestPlaceholder.text(for: $0.role))".utf8) }
        let stated = assumesContextLength ? configuration.withContextLength(nil) : configuration
        let metadata =
            GGUFWriter.metadata(for: stated, name: FilePath(checkpoint.folder).name, dtype: mainDType)
            + options.vocabulary
            + WidenedTensors.metadata(widened)
            + [("swift-llama.digests", GGUFValue.array(.string(GGUFStrings(digests))))]
        let factors = GGUFWriter.ropeFactors(for: configuration)
        var layout = try GGUFWriter.layout(
            metadata: metadata, tensors: tensors.map(\.spec) + (factors.map { [$0.tensor] } ?? []))
        if let factors, let slot = layout.slots.last {
            let bytes = factors.values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
            layout = FileLayout(
                slots: layout.slots.dropLast(), pieces: layout.pieces + [(slot.offset, bytes)],
                byteCount: layout.byteCount)
        }
        return [try ConversionPlan.File(name: "model.gguf", content: .weights(layout, tensors))]
    }

    /// One `.bin` file.
    func llama2cFiles() throws(CheckpointError) -> [ConversionPlan.File] {
        let layout = try Llama2cWriter.layout(configuration: configuration)
        var tensors: [OutputTensor] = []
        for slot in layout.slots {
            guard case .role(let role) = TensorNaming.meta.meaning(of: slot.tensor.name) else { continue }
            tensors.append(try tensor(role))
        }
        return [try ConversionPlan.File(name: "model.bin", content: .weights(layout, tensors))]
    }
}
