import LlamaFiles
import LlamaTensors

/// The registry of checkpoint formats.
///
/// To add a format: a folder beside this file, a folder with its writer in `LlamaConversion/Formats`, and a case here;
/// the compiler then asks for its lines in ``definition`` and in `CheckpointFormat.writer`. Finding, opening,
/// describing and converting checkpoints all ask this registry.
package enum CheckpointFormat: String, Sendable, CaseIterable {
    /// `params.json` and `consolidated.NN.pth`, as Meta publishes them.
    case meta
    /// `params.json` and `consolidated.safetensors`.
    case metaSafetensors = "meta-safetensors"
    /// `config.json` and `model.safetensors` (or `pytorch_model.bin`), with an index where there are several.
    case huggingFace = "huggingface"
    /// One `.gguf` file, as llama.cpp reads it.
    case gguf
    /// One `.bin` file of version 0, as llama2.c reads it.
    case llama2c

    /// The format's own rules. Where several formats could claim a folder or a file, the first one gets it.
    package var definition: any FormatDefinition {
        switch self {
        case .meta: MetaFormat(container: TorchFile.self, fileSuffix: ".pth")
        case .metaSafetensors: MetaFormat(container: SafetensorsFile.self, fileSuffix: ".safetensors")
        case .huggingFace: HuggingFaceFormat()
        case .gguf: GGUFFormat()
        case .llama2c: Llama2cFormat()
        }
    }

    /// Whether a checkpoint is one file rather than a folder.
    package var isSingleFile: Bool { !suffix.isEmpty }

    /// Whether it is one of Meta's, whose output head is never tied and whose files need not state a context length.
    package var isMeta: Bool { self == .meta || self == .metaSafetensors }

    /// What the name of a single file ends in, by which its readers recognize it; empty for a folder.
    package var suffix: String { definition.singleFileSuffix ?? "" }

    /// How the files name tensors.
    package var naming: TensorNaming { definition.naming }

    /// Whether weights can be stored in a dtype.
    package func holds(_ dtype: DType) -> Bool { definition.holds(dtype) }
}

// MARK: - Recognizing files

extension CheckpointFormat {
    /// The kinds of files with weights, each once.
    package static let containers: [any TensorContainer.Type] = allCases.reduce(into: []) { known, format in
        let container = format.definition.container
        if !known.contains(where: { $0 == container }) { known.append(container) }
    }

    /// The names of files that describe weights or list their shards.
    package static let configurationNames =
        Set(allCases.compactMap(\.definition.configurationFile)).sorted() + ShardIndex.usualNames

    /// The container of a file: by its name, and by its first bytes where several containers share a suffix; nil for
    /// a name that no container has.
    package static func container(of path: String) throws(CheckpointError) -> (any TensorContainer.Type)? {
        let candidates = containers.filter { $0.suffixes.contains(where: path.hasSuffix) }
        guard candidates.count > 1 else { return candidates.first }
        let file = try mapFile(path)
        return candidates.first { $0.recognizes(file.bytes) } ?? candidates.first
    }

    /// Whether a file holds weights, by its name.
    package static func isWeightFile(_ name: String) -> Bool {
        // A vocabulary exported for llama2.c, and what trainers leave.
        guard !name.hasPrefix("tok"), name != "training_args.bin" else { return false }
        return containers.contains { $0.suffixes.contains(where: name.hasSuffix) }
    }

    /// Whether a file is one of a checkpoint's weights, index or configuration, rather than a tokenizer.
    package static func isCheckpointFile(_ path: String) -> Bool {
        let name = FilePath(path).name
        if allCases.contains(where: { $0.definition.configurationFile == name }) { return true }
        if ShardIndex.isIndex(name) { return true }
        guard isWeightFile(name), let container = try? container(of: path) else { return false }
        // Names that end in .bin are used for tokenizers too.
        guard name.hasSuffix(".bin") else { return true }
        guard let file = try? mapFile(path) else { return false }
        return container.recognizes(file.bytes)
    }

    /// How a checkpoint's files name their tensors: as their container prescribes, else as the names tell.
    ///
    /// - Returns: nil where no name is one that a Llama's tensors have.
    package static func naming(of files: [TensorFile]) -> TensorNaming? {
        if let naming = files.first?.container.naming { return naming }
        let candidates = allCases.filter { $0.definition.container.naming == nil }.map(\.naming)
        for name in files.flatMap({ $0.tensors.keys.sorted() }) {
            let naming = candidates.first { if case .role = $0.meaning(of: name) { true } else { false } }
            if let naming { return naming }
        }
        return nil
    }

    /// The format of open files: the one of their container and names, else the first with these names (torch's
    /// containers may hold Hugging Face's names).
    static func format(of files: [TensorFile], naming: TensorNaming) -> CheckpointFormat? {
        let formats = allCases.filter { $0.naming == naming }
        return formats.first { $0.definition.container == files.first?.container } ?? formats.first
    }
}
