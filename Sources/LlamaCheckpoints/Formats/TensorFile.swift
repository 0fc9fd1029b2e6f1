import LlamaFiles
import LlamaJSON
import LlamaTensors

/// The tensors of one file, under the names the file gives them.
package struct TensorFile: Sendable {
    /// The file.
    package let path: String
    /// Its tensors; they keep the file mapped.
    package let tensors: [String: Tensor]
    /// Strings that the file carries beside them (`__metadata__` of safetensors).
    package let metadata: [String: String]
    /// The key-values of a GGUF file, where it is one.
    package let gguf: GGUFMetadata?
    /// The model's shape, of the formats that say it in the same file.
    let configuration: ModelConfiguration?

    init(
        path: String, tensors: [String: Tensor], metadata: [String: String] = [:], gguf: GGUFMetadata? = nil,
        configuration: ModelConfiguration? = nil
    ) {
        self.path = path
        self.tensors = tensors
        self.metadata = metadata
        self.gguf = gguf
        self.configuration = configuration
    }
}

/// Maps a file, turning the system's refusal into a ``CheckpointError``.
package func mapFile(_ path: String) throws(CheckpointError) -> MappedFile {
    do {
        return try MappedFile(path: path)
    } catch {
        throw CheckpointError(error)
    }
}

extension CheckpointError {
    /// The system's refusal of a file or folder.
    package init(_ error: FileError) {
        self.init(file: error.path, error.isMissing ? .missing : .unreadable(error.reason))
    }
}

extension UnsafeRawBufferPointer {
    /// The little-endian integer at `offset`, or nil where it would reach past the end.
    func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T? {
        guard offset >= 0, offset <= count - MemoryLayout<T>.size else { return nil }
        return T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension CheckpointError {
    /// A JSON problem in `file`; a web page or a Git LFS pointer in its place is called by its name.
    init(_ error: JSONError, in file: String, bytes: UnsafeRawBufferPointer, at place: String? = nil) {
        let place = [place, error.place].compactMap(\.self).joined(separator: ": ")
        if case .syntax = error, let impostor = Impostor(bytes) {
            self = .invalid(file, expected: "JSON", found: impostor.rawValue, advice: impostor.advice)
        } else {
            self = .invalid(file, place.isEmpty ? nil : place, expected: error.expected, found: error.found)
        }
    }
}

/// What a failed download often leaves in place of the file.
enum Impostor: String {
    case empty = "an empty file"
    case webPage = "a web page (HTML)"
    case lfsPointer = "a Git LFS pointer"

    init?(_ bytes: UnsafeRawBufferPointer) {
        let head = String(decoding: bytes.prefix(256), as: UTF8.self).drop { $0.isWhitespace }.lowercased()
        if bytes.isEmpty {
            self = .empty
        } else if head.hasPrefix("<!doctype html") || head.hasPrefix("<html") || head.hasPrefix("<?xml") {
            self = .webPage
        } else if head.hasPrefix("version https://git-lfs") {
            self = .lfsPointer
        } else {
            return nil
        }
    }

    var advice: String {
        switch self {
        case .empty, .webPage: "the download failed: fetch the file again"
        case .lfsPointer: "run `git lfs pull` to fetch the file itself"
        }
    }
}
