import Glibc
import LlamaFiles

/// The bytes of a tokenizer file, or of a file that belongs to one.
package struct TokenizerFile: Sendable {
    /// The largest known tokenizers are below 40 MB.
    static let maximumSize = 256 << 20

    /// The file's path.
    package let path: String
    /// The whole content.
    package let bytes: [UInt8]

    /// What kind of tokenizer the file is, by its content.
    package var kind: TokenizerKind { TokenizerKind(sniffing: bytes) }

    /// Reads a whole file.
    ///
    /// - Throws: `.notFound`, `.isDirectory`, `.tooLarge` above 256 MiB, and `.unreadable`, also for a pipe or device.
    package init(path: String) throws(TokenizerError) {
        if let kind = FilePath(path).specialKind {
            throw .unreadable(file: path, reason: "it is \(kind), not a regular file")
        }
        try self.init(stream: path)
    }

    /// Reads a whole file or what a pipe or device gives until it ends.
    ///
    /// - Throws: as `init(path:)` does.
    init(stream path: String) throws(TokenizerError) {
        self.path = path
        do { bytes = try WholeFile.read(path, limit: Self.maximumSize) } catch {
            switch error {
            case .system(let error): throw TokenizerError(error)
            case .tooLarge: throw .tooLarge(file: path, limit: Self.maximumSize)
            }
        }
    }

    /// Reads a file that need not exist; nil if it does not.
    ///
    /// - Throws: `.unreadable` for anything but a regular file, because a stream may never end, and what `init(path:)`
    ///   throws.
    init?(optional path: String) throws(TokenizerError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let error = FileError(path: path, code: errno)
            if error.isMissing { return nil }
            throw TokenizerError(error)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(file: path, reason: "it is not a regular file")
        }
        try self.init(path: path)
    }
}

extension TokenizerError {
    /// The system's refusal of a file.
    init(_ error: FileError) {
        self =
            if error.isMissing {
                .notFound(file: error.path)
            } else if error.code == EISDIR {
                .isDirectory(file: error.path)
            } else {
                .unreadable(file: error.path, reason: error.reason)
            }
    }
}
