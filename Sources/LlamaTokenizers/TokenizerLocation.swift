import LlamaCheckpoints
import LlamaFiles

/// Where a tokenizer is: the one rule by which every command and library finds it.
package enum TokenizerLocation: Sendable {
    /// Inside a GGUF file, under `tokenizer.ggml`.
    case embedded(GGUFMetadata)
    /// In a file of its own.
    case file(String)
    /// In a pipe or another stream, which can be read only once, and has been.
    case stream(TokenizerFile)

    /// The tokenizer at a path that the user gives: a tokenizer's file, a GGUF file, the folder or a file of a
    /// checkpoint.
    ///
    /// - Throws: `.noTokenizer` for a folder or checkpoint without one, `.noVocabulary` for a GGUF file that has none and
    ///   none beside it, `.invalidGGUF` for a damaged GGUF file.
    package init(at path: String) throws(TokenizerError) {
        if FilePath(path).specialKind != nil {
            self = .stream(try TokenizerFile(stream: path))
            return
        }
        // A path that does not exist or cannot be accessed is reported when it is read.
        let isFolder = (try? FilePath(path).isFolder()) ?? false
        if !isFolder, try TokenizerKind.isGGUF(path) {
            guard let found = try Self.inGGUF(path) else { throw .noVocabulary(file: path) }
            self = found
            return
        }
        guard isFolder || CheckpointFormat.isCheckpointFile(path) else {
            self = .file(path)
            return
        }
        // The same files as when the checkpoint is opened; without weights, the folder may still hold a tokenizer.
        let location = try? CheckpointLocation(path)
        let found: TokenizerLocation?
        if let file = location?.paths?.first, try TokenizerKind.isGGUF(file) {
            found = try Self.inGGUF(file)
        } else {
            let folder = location?.folder ?? (isFolder ? Self.snapshot(path) : FilePath(path).folder)
            found = Self.beside(folder, isLlama2c: location?.container == Llama2cFile.self)
        }
        guard let found else { throw .noTokenizer(path: path) }
        self = found
    }

    /// The snapshot in a cache of Hugging Face repositories; the folder itself where it is another.
    private static func snapshot(_ folder: String) -> String {
        (try? CheckpointFolder(folder).snapshot())?.path ?? folder
    }

    private static func inGGUF(_ path: String) throws(TokenizerError) -> TokenizerLocation? {
        do {
            let metadata = try GGUFFile.metadata(at: path)
            return try Self.of(gguf: metadata, folder: FilePath(path).folder, isLlama2c: false)
        } catch { throw .invalidGGUF(error) }
    }

    /// A checkpoint's own tokenizer: the one in the file, else the one beside the weights; nil if there is none.
    package init?(of checkpoint: Checkpoint) throws(CheckpointError) {
        let found = try Self.of(
            gguf: checkpoint.gguf, folder: checkpoint.folder, isLlama2c: checkpoint.format == .llama2c)
        guard let found else { return nil }
        self = found
    }

    /// The tokenizer of a checkpoint that may not open.
    ///
    /// - Parameters:
    ///   - gguf: The key-values of its file, if it is GGUF.
    ///   - folder: The folder with the weights.
    ///   - isLlama2c: Whether llama2.c's `tokenizer.bin` is preferred to other files.
    package static func of(
        gguf: GGUFMetadata?, folder: String, isLlama2c: Bool
    ) throws(CheckpointError) -> TokenizerLocation? {
        if let gguf, try gguf.hasVocabulary() { return .embedded(gguf) }
        return beside(folder, isLlama2c: isLlama2c)
    }

    private static func beside(_ folder: String, isLlama2c: Bool) -> TokenizerLocation? {
        let binary = folder + "/tokenizer.bin"
        if isLlama2c, FilePath(binary).isRegularFile { return .file(binary) }
        return TokenizerPath.file(in: folder).map { .file($0) }
    }

    /// The file that holds it.
    package var path: String {
        switch self {
        case .embedded(let metadata): metadata.file
        case .file(let path): path
        case .stream(let file): file.path
        }
    }

    /// The file that is nothing but the tokenizer; nil for a GGUF file.
    package func file() throws(TokenizerError) -> TokenizerFile? {
        switch self {
        case .embedded: nil
        case .file(let path): try TokenizerFile(path: path)
        case .stream(let file): file
        }
    }

    /// Loads the tokenizer.
    ///
    /// - Throws: the errors of reading it and of the tokenizers' initializers.
    package func load() throws(TokenizerError) -> any Tokenizer {
        switch self {
        case .embedded(let metadata): try EmbeddedVocabulary(metadata).makeTokenizer(file: metadata.file)
        case .file(let path): try loadTokenizer(at: path)
        case .stream(let file): try loadTokenizer(file, settings: TokenizerSettings())
        }
    }

    /// Its vocabulary, as it goes into a checkpoint.
    ///
    /// - Throws: as ``load()`` does, and `.unsupportedVocabulary` for a tokenizer that no checkpoint can hold.
    package func vocabulary() throws(TokenizerError) -> EmbeddedVocabulary {
        switch self {
        case .embedded(let metadata): try EmbeddedVocabulary(metadata)
        case .file(let path): try EmbeddedVocabulary(tokenizerFile: path)
        case .stream(let file): try EmbeddedVocabulary(tokenizer: file.bytes, file: file.path)
        }
    }
}
