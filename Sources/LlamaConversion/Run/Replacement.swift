import LlamaCheckpoints
import LlamaFiles
import LlamaJSON
import LlamaTokenizers

/// What a conversion to a format may replace: a checkpoint of the same kind, never something else's file or folder.
struct Replacement: Sendable {
    /// The format that is written.
    let format: CheckpointFormat

    /// What the format's checkpoints are, as a noun phrase.
    var expected: String {
        format.isSingleFile ? "a \(format.definition.container.name) file" : "a checkpoint"
    }

    /// Why what exists at a path may not be replaced, as a noun phrase for what was found; nil where it may.
    ///
    /// Symbolic links are not followed: replacing one would leave what it leads to as it was, and following it would
    /// write where the name does not say.
    func obstacle(at path: String) -> String? {
        guard let kind = FilePath(path).kind else { return nil }
        if format.isSingleFile {
            guard FilePath(path).isRealFile else { return kind }
            return isOwnFormat(path) ? nil : "a file of another kind"
        }
        guard FilePath(path).isRealFolder else { return kind }
        guard let names = try? FilePath(path).entries() else { return "a folder that cannot be listed" }
        if names.isEmpty { return nil }
        if let foreign = Self.foreignEntry(among: names, in: path) {
            return "a folder with other things in it, such as \(foreign)"
        }
        if let family = Self.otherFamily(in: path) {
            return "a checkpoint of another kind of model, \(family)"
        }
        let isDescribed = names.contains { Self.configurationFiles.contains($0) }
        guard isDescribed, names.contains(where: Self.isWeights) else {
            return "a folder with other things in it, and no weights with their configuration"
        }
        return nil
    }

    /// Why a file that accompanies a checkpoint of one file may not be replaced; nil where it may.
    ///
    /// - Parameters:
    ///   - content: The new file; nil for the record of the conversion.
    ///   - main: The checkpoint's file.
    func obstacle(beside path: String, to content: CompanionFile.Content?, of main: String) -> String? {
        guard let kind = FilePath(path).kind else { return nil }
        guard FilePath(path).isRealFile else { return kind }
        if FilePath(path).byteCount == 0 { return nil }
        guard let content else {
            return ConversionRecord.isRecord(path) ? nil : "a file of another kind"
        }
        let new = try? CompanionFile(name: FilePath(path).name, content: content).bytes
        guard let old = try? TokenizerFile(path: path), let new else { return "a file of another kind" }
        if let other = otherCheckpoint(than: main) { return "the tokenizer of \(other)" }
        let isSameKind = old.kind != .unknown && old.kind == TokenizerKind(sniffing: new)
        return isSameKind || old.bytes == new ? nil : "a file of another kind"
    }

    /// Whether a file that accompanies a checkpoint of one file already has its new content.
    func isSame(_ path: String, as content: CompanionFile.Content?) -> Bool {
        guard let content, FilePath(path).isRealFile, let old = try? TokenizerFile(path: path) else {
            return false
        }
        return (try? CompanionFile(name: FilePath(path).name, content: content).bytes) == old.bytes
    }

    /// The name of another checkpoint of this format in the same folder, which uses the files there too.
    private func otherCheckpoint(than main: String) -> String? {
        let folder = FilePath(main).folder
        return (try? FilePath(folder).listing())?.names.first { name in
            let path = folder + "/" + name
            return name != FilePath(main).name && name.hasSuffix(format.suffix)
                && !TokenizerPath.companionNames.contains(name) && name != "tokenizer.bin"
                && FilePath(path).isRegularFile && FilePath(path).byteCount != 0 && isOwnFormat(path)
        }
    }

    /// Whether a regular file is one of the format, or empty.
    private func isOwnFormat(_ path: String) -> Bool {
        guard let file = try? mapFile(path) else { return false }
        if file.bytes.isEmpty { return true }
        // llama2.c's files begin with no magic number, so their size has to agree with their header.
        if format == .llama2c {
            return (try? Llama2cHeader(file))?.fileByteCount == file.bytes.count
        }
        return format.definition.container.recognizes(file.bytes)
    }

    // MARK: - Folders

    /// The first entry of a folder that no checkpoint has; nil where there is none.
    static func foreignEntry(in folder: String) throws(ConversionError) -> String? {
        foreignEntry(among: try Destination.entries(of: folder), in: folder)
    }

    private static func foreignEntry(among names: [String], in folder: String) -> String? {
        names.first { name in
            let isFile = FilePath(folder + "/" + name).isRealFile
            // Hugging Face's cache has links to files where checkpoints have files.
            let isLinkToFile = FilePath(folder + "/" + name).isRegularFile
            return !(isFile || isLinkToFile) || !isOfCheckpoint(name)
        }
    }

    /// What Hugging Face's configuration in a folder calls a model that is no Llama; nil for a Llama, or where it cannot
    /// be read.
    static func otherFamily(in folder: String) -> String? {
        guard let file = try? mapFile(folder + "/config.json"), let value = try? JSONValue.parse(file.bytes),
            let family = try? value["model_type"]?.string()
        else { return nil }
        return HuggingFaceConfig.families.contains(family) ? nil : family
    }

    private static let configurationFiles =
        CheckpointFormat.allCases.compactMap { $0.definition.configurationFile } + [ConversionRecord.name]

    /// Whether a name is that of a file that conversions write. What else checkpoints are published with, such as a
    /// `README.md`, belongs to somebody.
    static func isOfCheckpoint(_ name: String) -> Bool {
        configurationFiles.contains(name) || TokenizerPath.companionNames.contains(name) || isWeights(name)
            || [ConversionJournal.name, "tokenizer.bin"].contains(name)
    }

    /// Whether a name is that of weights, or of their index, in a checkpoint that is a folder. An optimizer's state and
    /// an adapter have other names: they are not the checkpoint's.
    private static func isWeights(_ name: String) -> Bool {
        let names =
            #/consolidated(\.\d+)?\.(pth|safetensors)|(model(-\d+-of-\d+)?\.safetensors|pytorch_model(-\d+-of-\d+)?\.bin)/#
        let indexes = #/(model\.safetensors|pytorch_model\.bin)\.index\.json/#
        return name.wholeMatch(of: names) != nil || name.wholeMatch(of: indexes) != nil
    }
}

extension ConversionRecord {
    /// Whether a file is the record of a conversion.
    static func isRecord(_ path: String) -> Bool {
        guard let file = try? mapFile(path), let value = try? JSONValue.parse(file.bytes) else {
            return false
        }
        return ["version", "format", "tensors"].allSatisfy { value[$0] != nil }
    }
}
