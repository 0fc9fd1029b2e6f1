import Logging
import LlamaTensors

/// An opened checkpoint: its configuration, and its weights by role, as views of the mapped files.
///
/// Opening reads headers and small JSON files only; no weight is touched before it is used.
package struct Checkpoint: Sendable {
    /// The files the weights lie in, in order of shards.
    package let files: [String]
    /// How the files name tensors, and with that the order of q and k rows.
    package let naming: TensorNaming
    /// The format that the files are of, torch's own containers with Hugging Face's names counted among the latter's.
    package let format: CheckpointFormat
    /// The model's shape.
    package let configuration: ModelConfiguration
    /// The folder of the files.
    package let folder: String
    /// The key-values of a GGUF file (the first, of a split one), its tokenizer among them; nil for other formats.
    package let gguf: GGUFMetadata?
    /// Where each value of ``configuration`` came from.
    package private(set) var configurationSources: [ConfigurationSource] = []
    private let weights: [TensorRole: Weight]

    /// Opens a checkpoint: a folder, or one of the files in it.
    ///
    /// - Parameter logger: Told what was dropped, ignored or guessed.
    package init(at path: String, logger: Logger) throws(CheckpointError) {
        let location = try CheckpointLocation(path)
        folder = location.folder
        let tensorFiles = try location.open()
        files = tensorFiles.map(\.path)
        gguf = tensorFiles.first?.gguf
        naming = try Checkpoint.naming(of: tensorFiles, path: path)
        format = Checkpoint.format(of: tensorFiles, naming: naming)
        let binding = WeightBinding(naming: naming, folder: folder, logger: logger)
        if let stated = tensorFiles.first?.configuration {
            configuration = stated
            configurationSources = stated.llama2cSources
            weights = try binding.bindWhole(tensorFiles, configuration: stated)
            return
        }
        switch naming {
        case .meta:
            let params = try MetaParams(try location.configurationFile("params.json", naming: naming))
            configuration = try MetaShards(params: params, files: tensorFiles).configuration(
                generation: location.optionalFile("generation_config.json"), sources: &configurationSources,
                logger: logger)
            weights = try binding.bindParallel(tensorFiles, configuration: configuration)
        case .huggingFace:
            configuration = try HuggingFaceConfig.read(
                try location.configurationFile("config.json", naming: naming),
                generation: location.optionalFile("generation_config.json"), sources: &configurationSources,
                logger: logger)
            weights = try binding.bindWhole(tensorFiles, configuration: configuration)
        case .gguf:
            let keys = GGUFConfiguration(files: tensorFiles, logger: logger)
            configuration = try keys.read()
            configurationSources = keys.sources(of: configuration)
            weights = try binding.bindWhole(tensorFiles, configuration: configuration)
        }
    }

    private static func naming(of files: [TensorFile], path: String) throws(CheckpointError) -> TensorNaming {
        if files.first?.gguf != nil { return .gguf }
        let names = files.flatMap { $0.tensors.keys.sorted() }
        if let naming = TensorNaming.recognise(names) { return naming }
        throw .invalid(
            files.first?.path ?? path, expected: "tensors named as in Meta's or Hugging Face's Llama",
            found: names.isEmpty ? "none" : names.prefix(3).joined(separator: " "))
    }

    private static func format(of files: [TensorFile], naming: TensorNaming) -> CheckpointFormat {
        if files.first?.configuration != nil { return .llama2c }
        return switch naming {
        case .gguf: .gguf
        case .huggingFace: .huggingFace
        case .meta: files.first?.path.hasSuffix(".safetensors") == true ? .metaSafetensors : .meta
        }
    }

    /// The weight of a role.
    ///
    /// - Throws: where this Llama has no such role, such as ``TensorRole/output`` of one with tied embeddings.
    package func weight(_ role: TensorRole) throws(CheckpointError) -> Weight {
        guard let weight = weights[role] else {
            throw CheckpointError(
                file: folder, .tensors(missing: [naming.name(of: role)], unexpected: [], doubled: []))
        }
        return weight
    }

    /// Bytes of all weights as stored.
    package var weightByteCount: Int {
        weights.values.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.byteCount } }
    }

    /// The stored types of the weights, most bytes first.
    package var dtypes: [DType] {
        var bytes: [DType: Int] = [:]
        for weight in weights.values {
            bytes[weight.dtype, default: 0] += weight.parts.reduce(0) { $0 + $1.byteCount }
        }
        return bytes.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }.map(\.key)
    }
}
