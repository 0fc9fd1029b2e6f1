import Glibc

/// A file that is replaced atomically: written under a temporary name in the same folder, flushed, renamed.
///
/// If anything fails in between – a full disk, a kill, a power cut – the old file is unchanged.
package struct AtomicFile: ~Copyable {
    /// Why a file could not be written.
    package struct Failure: Error, Equatable, Sendable {
        /// The file to be written.
        package let path: String
        /// The `errno` of the call that failed.
        package let code: Int32
        /// One line for the user.
        package var description: String { "\(path): cannot be written: \(String(cString: strerror(code)))" }
    }

    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isCommitted = false

    /// Creates the temporary file, in place of one that a killed process has left.
    package init(path: String) throws(Failure) {
        let temporaryPath = path + ".tmp"
        let descriptor = FilePath(temporaryPath).createAnew()
        // Before there is a value, whose end would remove what is in the way.
        guard descriptor >= 0 else {
            throw Failure(path: errno == EEXIST ? temporaryPath : path, code: errno)
        }
        (self.path, self.temporaryPath, self.descriptor) = (path, temporaryPath, descriptor)
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(temporaryPath) }
    }

    /// Appends bytes.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(path: path, code: errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Appends bytes.
    package borrowing func write(_ bytes: [UInt8]) throws(Failure) {
        try bytes.withUnsafeBufferPointer { bytes throws(Failure) in try write(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Flushes to disk and replaces the old file, if there is one.
    package consuming func commit() throws(Failure) {
        guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
            throw Failure(path: path, code: errno)
        }
        isCommitted = true
        // The rename reaches the disk with the folder's entries.
        FilePath(FilePath(path).folder).flushFolder()
    }

    /// Writes a file of text.
    package static func write(_ text: String, to path: String) throws(Failure) {
        let file = try AtomicFile(path: path)
        try file.write(Array(text.utf8))
        try file.commit()
    }
}

extension AtomicFile.Failure: CategorizedError {
    /// Always ``ErrorCategory/unwritableOutput``.
    package var category: ErrorCategory { .unwritableOutput }
}
