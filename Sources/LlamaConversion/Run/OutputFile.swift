import Glibc
import LlamaFiles

/// A file being written, at any offset and from any thread.
///
/// `Sendable` needs no lock: the descriptor is constant, and `pwrite` is safe to call concurrently.
final class OutputFile: Sendable {
    /// The file's path.
    let path: String
    /// Whether its layout depends on checksums.
    let needsChecksums: Bool
    private let descriptor: Int32

    /// Opens or creates the file and sets its final length.
    ///
    /// - Parameter isNew: Whether to discard the old content, so that unwritten bytes are zero.
    init(path: String, byteCount: Int, needsChecksums: Bool, isNew: Bool) throws(ConversionError) {
        self.path = path
        self.needsChecksums = needsChecksums
        // One that exists is resumed. O_NONBLOCK: a pipe must fail rather than wait for a reader.
        descriptor =
            isNew
            ? FilePath(path).createAnew()
            : open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .unwritable(path: path, code: errno) }
        // Only a regular file has a length to set.
        guard ftruncate(descriptor, byteCount) == 0 else {
            let code = errno
            close(descriptor)
            throw .unwritable(path: path, code: code)
        }
    }

    deinit { close(descriptor) }

    /// Writes bytes at an offset.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ConversionError) {
        var rest = bytes
        var position = offset
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, position)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unwritable(path: path, code: count == 0 ? ENOSPC : errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            position += count
        }
    }

    /// Writes a piece of the layout.
    func write(_ piece: FileLayout.Piece) throws(ConversionError) {
        try piece.bytes.withUnsafeBufferPointer { bytes throws(ConversionError) in
            try write(UnsafeRawBufferPointer(bytes), at: piece.offset)
        }
    }

    /// Waits until what was written is on the disk.
    func flush() throws(ConversionError) {
        guard fdatasync(descriptor) == 0 else { throw .unwritable(path: path, code: errno) }
    }
}
