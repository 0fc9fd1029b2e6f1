import LlamaFiles
import LlamaTensors
import Logging

/// An opened checkpoint: its configuration, and its weights by role, as views of the mapped files.
///
/// Opening reads headers and small JSON files only; no weight is touched before it is used.
package struct Checkpoint: Sendable {
    /// Paths of the weight files, in order of shards.
    package let files: [String]
    /// The kind of file they are.
    package let container: any TensorContainer.Type
    /// How the files name tensors, and with that the order of q and k rows.
    package let naming: TensorNaming
    /// The format of the files; torch's containers with Hugging Face's names count as the latter's.
    package let format: CheckpointFormat
    /// The model's shape.
    package let configuration: ModelConfiguration
    /// The folder of the files.
    package let folder: String
    /// The key-values of a GGUF file (the first, of a split one), its tokenizer among them; nil for other formats.
    package let gguf: GGUFMetadata?
    /// Where each value of ``configuration`` came from.
    package let configurationSources: [ConfigurationSource]
    /// The weights that the files hold: every role of this Llama, but ``TensorRole/output`` where it is tied to the
    /// embedding.
    package let weights: [TensorRole: Weight]
    /// The mapped files that ``weights`` view, each once.
    package let mappedFiles: [MappedFile]

    /// Opens a checkpoint: a folder, or one of the files in it.
    ///
    /// - Parameter logger: Told what was dropped, ignored or guessed.
    package init(at path: String, logger: Logger) throws(CheckpointError) {
        let location = try CheckpointLocation(path)
        let tensorFiles = try location.open()
        guard let first = tensorFiles.first, let naming = CheckpointFormat.naming(of: tensorFiles),
            let format = CheckpointFormat.format(of: tensorFiles, naming: naming)
        else {
            throw Self.unknownNames(tensorFiles, path: path)
        }
        let definition = format.definition
        let stated = try definition.configuration(
            of: tensorFiles, in: CheckpointFolder(location.folder), logger: logger)
        let binding = WeightBinding(
            naming: naming, folder: location.folder,
            subject: format.isSingleFile ? first.path : location.folder, logger: logger)
        if location.folder != location.asked {
            logger.notice("\(location.folder): read, as \(location.asked) itself has no weights")
        }
        weights =
            definition.isModelParallel
            ? try binding.bindParallel(tensorFiles, configuration: stated.configuration)
            : try binding.bindWhole(tensorFiles, configuration: stated.configuration)
        files = tensorFiles.map(\.path)
        container = first.container
        (self.naming, self.format, folder) = (naming, format, location.folder)
        (configuration, configurationSources) = (stated.configuration, stated.sources)
        gguf = first.gguf
        mappedFiles = weights.values.flatMap(\.parts).mappedFiles
        try checkUnchanged()
    }

    /// A checkpoint of weights in memory.
    init(_ configuration: ModelConfiguration, name: String, weights: [TensorRole: Weight]) {
        (self.configuration, self.weights) = (configuration, weights)
        (files, folder, gguf, configurationSources, mappedFiles) = ([], name, nil, [], [])
        (container, naming, format) = (SafetensorsFile.self, .meta, .metaSafetensors)
    }

    /// Checks that what was read of the weights' files so far is still in them: see ``MappedFile/checkUnchanged()``.
    package func checkUnchanged() throws(CheckpointError) {
        do { try mappedFiles.checkUnchanged() } catch { throw CheckpointError(error) }
    }

    private static func unknownNames(_ files: [TensorFile], path: String) -> CheckpointError {
        let names = files.flatMap { $0.tensors.keys.sorted() }
        return .invalid(
            files.first?.path ?? path, expected: "tensors named as in Meta's or Hugging Face's Llama",
            found: names.isEmpty ? "none" : names.prefix(3).joined(separator: " "))
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

extension Checkpoint {
    /// The ids that the checkpoint's own configuration names, whatever its tokenizer says: in `config.json` and
    /// `generation_config.json`, or under the keys of a GGUF file.
    package func statedTokens() throws(CheckpointError) -> SpecialTokenIDs {
        var tokens = SpecialTokenIDs(stops: configuration.stopTokens.sorted())
        if let gguf { (tokens.bos, tokens.pad) = try gguf.beginAndPadTokens() }
        for name in format.definition.tokenFiles {
            guard let path = CheckpointFolder(folder).existing(name) else { continue }
            let reader = try ConfigurationReader(path)
            if tokens.bos == nil { tokens.bos = try reader.tokens("bos_token_id").min() }
            if tokens.pad == nil { tokens.pad = try reader.tokens("pad_token_id").min() }
        }
        return tokens
    }
}
