import LlamaCheckpoints
import LlamaFiles

/// Loads the tokenizer in a file, whose kind is recognized by its content, not its name.
///
/// - Parameter path: a tokenizer file, or a GGUF file with a vocabulary. It may have no tensors, and of a split model it
///   may be any file.
/// - Returns: a `SentencePieceTokenizer`, a `TiktokenTokenizer` with the names of Llama 3.1, a `HuggingFaceTokenizer`
///   with the settings of the files beside it, or the tokenizer of a vocabulary in a GGUF file or exported for llama2.c.
/// - Throws: `.notATokenizer` for any other file, `.noVocabulary` for a GGUF file without one, and the errors of reading
///   and of the tokenizers' initializers.
package func loadTokenizer(at path: String) throws(TokenizerError) -> any Tokenizer {
    if try TokenizerKind.isGGUF(path) {
        return try EmbeddedVocabulary(ggufFile: path).makeTokenizer(file: path)
    }
    let file = try TokenizerFile(path: path)
    let hasSettings = file.kind == .huggingFaceJSON
    return try loadTokenizer(
        file, settings: hasSettings ? TokenizerSettings(folder: FilePath(path).folder) : TokenizerSettings())
}

/// Loads the tokenizer in the bytes of a file, as ``loadTokenizer(at:)`` does; a GGUF file is only read from its path.
///
/// - Parameter settings: the settings of the files beside a `tokenizer.json`.
func loadTokenizer(
    _ tokenizer: TokenizerFile, settings: TokenizerSettings
) throws(TokenizerError) -> any Tokenizer {
    let (bytes, path) = (tokenizer.bytes, tokenizer.path)
    switch tokenizer.kind {
    case .sentencePiece:
        return try SentencePieceTokenizer(bytes: bytes, file: path)
    case .tiktoken:
        return try TiktokenTokenizer(bytes: bytes, file: path)
    case .huggingFaceJSON:
        return try HuggingFaceTokenizer(bytes: bytes, file: path, settings: settings)
    case .llama2cBin:
        return try EmbeddedVocabulary(llama2c: bytes, file: path).makeTokenizer(file: path)
    case .gguf, .otherJSON, .html, .gitLFSPointer, .empty, .unknown:
        throw .notATokenizer(file: path, kind: tokenizer.kind)
    }
}

extension TokenizerKind {
    /// Recognizes a file by its content. Of a GGUF file only the first bytes are read.
    ///
    /// - Throws: the errors of reading the file.
    package init(ofFile path: String) throws(TokenizerError) {
        self = try Self.isGGUF(path) ? .gguf : TokenizerFile(path: path).kind
    }

    /// Whether a regular file begins as a GGUF file does. Such files are mapped rather than read: most are larger than
    /// any tokenizer.
    static func isGGUF(_ path: String) throws(TokenizerError) -> Bool {
        do {
            return try WholeFile.prefix(of: path, count: GGUFFile.magic.count) == GGUFFile.magic
        } catch { throw TokenizerError(error) }
    }
}

extension EmbeddedVocabulary {
    /// The vocabulary of a GGUF file.
    ///
    /// - Throws: what `init(_:)` throws for the file's metadata, and `.invalidGGUF` if the file cannot be read.
    init(ggufFile path: String) throws(TokenizerError) {
        let metadata: GGUFMetadata
        do { metadata = try GGUFFile.metadata(at: path) } catch { throw .invalidGGUF(error) }
        try self.init(metadata)
    }
}
