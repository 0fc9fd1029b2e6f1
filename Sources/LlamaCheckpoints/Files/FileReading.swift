import LlamaFiles
import LlamaJSON

/// Maps a file.
///
/// - Throws: the system's refusal, as a ``CheckpointError``.
package func mapFile(_ path: String) throws(CheckpointError) -> MappedFile {
    do {
        return try MappedFile(path: path)
    } catch {
        throw CheckpointError(error)
    }
}

extension CheckpointError {
    /// The system's refusal of a file or folder, or a file that changed while it was being read.
    package init(_ error: FileError) {
        let reason: Reason =
            if error.change != nil {
                .changed(error.reason)
            } else {
                error.isMissing ? .missing : .unreadable(error.reason)
            }
        self.init(file: error.path, reason)
    }

    /// A JSON problem in `file`. A web page or a Git LFS pointer saved under the file's name is reported as such.
    init(
        _ error: JSONError, in file: String, bytes: UnsafeRawBufferPointer, at location: String? = nil,
        advice: String? = nil
    ) {
        let location = [location, error.location].compactMap(\.self).joined(separator: ": ")
        if case .syntax = error, let impostor = Impostor(bytes) {
            self = .invalid(file, expected: "JSON", found: impostor.rawValue, advice: impostor.advice)
        } else {
            self = .invalid(
                file, location.isEmpty ? nil : location, expected: error.expected, found: error.found,
                advice: advice)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The little-endian integer at `offset`, or nil where it would reach past the end.
    func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T? {
        guard offset >= 0, offset <= count - MemoryLayout<T>.size else { return nil }
        return T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}
