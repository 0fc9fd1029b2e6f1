import Glibc

/// The bytes of a tokenizer's file, or of one that goes with it.
package struct TokenizerFile: Sendable {
    /// The largest tokenizers known are below 40 MB.
    static let maximumSize = 256 << 20

    /// Where it is.
    package let path: String
    /// All of it.
    package let bytes: [UInt8]

    /// What kind of tokenizer it holds, by its content.
    package var kind: TokenizerKind { TokenizerKind(sniffing: bytes) }

    /// Reads the whole file, a regular one or a stream.
    ///
    /// - Throws: `.notFound`, `.isDirectory`, `.tooLarge` above 256 MiB, and `.unreadable`.
    package init(path: String) throws(TokenizerError) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error(errno, file: path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.error(errno, file: path) }
        if status.st_mode & S_IFMT == S_IFDIR { throw .isDirectory(file: path) }
        bytes = try Self.read(descriptor, sizeHint: Int(status.st_size), file: path)
    }

    /// Reads a file that need not be there; nil where it is not.
    ///
    /// - Throws: `.unreadable` for what is no regular file, which might never end.
    init?(optional path: String) throws(TokenizerError) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(file: path, reason: "it is no regular file")
        }
        try self.init(path: path)
    }

    private static func read(
        _ descriptor: Int32, sizeHint: Int, file: String
    ) throws(TokenizerError) -> [UInt8] {
        guard sizeHint <= maximumSize else { throw .tooLarge(file: file, limit: maximumSize) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(sizeHint, 0))
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw error(errno, file: file) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= maximumSize else { throw .tooLarge(file: file, limit: maximumSize) }
        }
    }

    private static func error(_ code: Int32, file: String) -> TokenizerError {
        switch code {
        case ENOENT, ENOTDIR: return .notFound(file: file)
        case EISDIR: return .isDirectory(file: file)
        default: return .unreadable(file: file, reason: String(cString: strerror(code)))
        }
    }
}

/// Loads whatever tokenizer a file holds, by its content and not its name.
///
/// - Parameter path: the tokenizer's file.
/// - Returns: a `SentencePieceTokenizer`, a `TiktokenTokenizer` with the names of Llama 3.1, a
///   `HuggingFaceTokenizer` with what the files beside it say, or the tokenizer of a vocabulary exported for
///   llama2.c.
/// - Throws: `.notATokenizer` for anything else, and the errors of reading and of their initialisers.
package func loadTokenizer(at path: String) throws(TokenizerError) -> any Tokenizer {
    let bytes = try TokenizerFile(path: path).bytes
    let kind = TokenizerKind(sniffing: bytes)
    switch kind {
    case .sentencePiece:
        return try SentencePieceTokenizer(bytes: bytes, file: path)
    case .tiktoken:
        return try TiktokenTokenizer(bytes: bytes, file: path)
    case .huggingFaceJSON:
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return try HuggingFaceTokenizer(
            bytes: bytes, file: path, settings: try TokenizerSettings(folder: folder))
    case .llama2cBin:
        return try EmbeddedVocabulary(llama2c: bytes, file: path).makeTokenizer(file: path)
    case .otherJSON, .html, .gitLFSPointer, .empty, .unknown:
        throw .notATokenizer(file: path, kind: kind)
    }
}
