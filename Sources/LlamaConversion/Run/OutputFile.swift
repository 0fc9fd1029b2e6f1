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

    /// Opens or creates the file and sets its final length. A symbolic link or anything but a regular file is refused,
    /// so that nothing outside the folder is ever written.
    ///
    /// - Parameter isNew: Whether to start with a new file, so that unwritten bytes are zero.
    init(path: String, byteCount: Int, needsChecksums: Bool, isNew: Bool) throws(ConversionError) {
        self.path = path
        self.needsChecksums = needsChecksums
        // An abandoned file is not overwritten in place: it may have other names.
        descriptor = isNew ? try Self.create(path) : try Self.open(path, O_WRONLY | O_CREAT)
        guard ftruncate(descriptor, byteCount) == 0 else {
            let code = errno
            close(descriptor)
            throw .unwritable(path: path, code: code)
        }
    }

    private static func create(_ path: String) throws(ConversionError) -> Int32 {
        let descriptor = FilePath(path).createAnew()
        guard descriptor >= 0 else { throw refusal(path, errno) }
        return descriptor
    }

    private static func refusal(_ path: String, _ code: Int32) -> ConversionError {
        FilePath(path).isTaken && !FilePath(path).isRealFile
            ? .inTheWay(path) : .unwritable(path: path, code: code)
    }

    /// Opens a regular file; neither follows a symbolic link nor waits for a pipe.
    static func open(_ path: String, _ flags: Int32) throws(ConversionError) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666)
        let code = errno
        var status = stat()
        if descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
            return descriptor
        }
        if descriptor >= 0 { close(descriptor) }
        throw refusal(path, code)
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
