import Glibc

/// A file that is being written, at any place and from any thread.
///
/// Sendable without a promise: the descriptor is a constant, and the system orders writes to it.
final class OutputFile: Sendable {
    let path: String
    /// Whether its layout depends on checksums.
    let needsChecksums: Bool
    private let descriptor: Int32

    /// Opens or creates the file, and makes it as long as it will be.
    ///
    /// - Parameter isNew: whether what is in it goes, so that all that nobody writes is zero.
    init(path: String, byteCount: Int, needsChecksums: Bool, isNew: Bool) throws(ConversionError) {
        self.path = path
        self.needsChecksums = needsChecksums
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (isNew ? O_TRUNC : 0), 0o666)
        guard descriptor >= 0 else { throw .unwritable(path: path, code: errno) }
        guard ftruncate(descriptor, byteCount) == 0 else {
            let code = errno
            close(descriptor)
            throw .unwritable(path: path, code: code)
        }
    }

    deinit { close(descriptor) }

    /// Writes bytes at a place.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ConversionError) {
        var rest = bytes
        var place = offset
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, place)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unwritable(path: path, code: count == 0 ? ENOSPC : errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            place += count
        }
    }

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
