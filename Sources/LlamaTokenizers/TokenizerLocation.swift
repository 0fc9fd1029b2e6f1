import LlamaCheckpoints
import LlamaFiles

/// Where a tokenizer is: the one rule by which every command and library finds it.
package enum TokenizerLocation: Sendable {
    /// Inside a GGUF file, under `tokenizer.ggml`.
    case embedded(GGUFMetadata)
    /// In a file of its own.
    case file(String)

    /// The tokenizer at a path that the user gives: a tokenizer's file, a GGUF file, the folder or a file of a
    /// checkpoint.
    ///
    /// - Throws: `.noTokenizer` for a folder without one, `.noVocabulary` for a GGUF file that has none and none beside
    ///   it, `.invalidGGUF` for a damaged GGUF file.
    package init(at path: String) throws(TokenizerError) {
        let path = try TokenizerPath.resolve(path)
        guard try TokenizerKind.isGGUF(path) else {
            self = .file(path)
            return
        }
        let found: TokenizerLocation?
        do {
            let metadata = try GGUFFile.metadata(at: path)
            found = try Self.of(gguf: metadata, folder: FilePath(path).folder, isLlama2c: false)
        } catch { throw .invalidGGUF(error) }
        guard let found else { throw .noVocabulary(file: path) }
        self = found
    }

    /// A checkpoint's own tokenizer: the one in the file, else the one beside the weights; nil where there is none.
    package init?(of checkpoint: Checkpoint) throws(CheckpointError) {
        let found = try Self.of(
            gguf: checkpoint.gguf, folder: checkpoint.folder, isLlama2c: checkpoint.format == .llama2c)
        guard let found else { return nil }
        self = found
    }

    /// The tokenizer of a checkpoint that may not open.
    ///
    /// - Parameters:
    ///   - gguf: The key-values of its file, where it is GGUF.
    ///   - folder: The folder with the weights.
    ///   - isLlama2c: Whether llama2.c's `tokenizer.bin` comes before other files.
    package static func of(
        gguf: GGUFMetadata?, folder: String, isLlama2c: Bool
    ) throws(CheckpointError) -> TokenizerLocation? {
        if let gguf, try gguf.hasVocabulary() { return .embedded(gguf) }
        let binary = folder + "/tokenizer.bin"
        if isLlama2c, TokenizerPath.isFile(binary) { return .file(binary) }
        return TokenizerPath.file(in: folder).map { .file($0) }
    }

    /// The file that holds it.
    package var path: String {
        switch self {
        case .embedded(let metadata): metadata.file
        case .file(let path): path
        }
    }

    /// Loads the tokenizer.
    ///
    /// - Throws: the errors of reading it and of the tokenizers' initializers.
    package func load() throws(TokenizerError) -> any Tokenizer {
        switch self {
        case .embedded(let metadata): try EmbeddedVocabulary(metadata).makeTokenizer(file: metadata.file)
        case .file(let path): try loadTokenizer(at: path)
        }
    }

    /// Its vocabulary, as it goes into a checkpoint.
    ///
    /// - Throws: as ``load()`` does, and `.unsupportedVocabulary` for a tokenizer that no checkpoint can hold.
    package func vocabulary() throws(TokenizerError) -> EmbeddedVocabulary {
        switch self {
        case .embedded(let metadata): try EmbeddedVocabulary(metadata)
        case .file(let path): try EmbeddedVocabulary(tokenizerFile: path)
        }
    }
}
