import Glibc

/// Why a file could not be mapped.
public struct MappedFileError: Error, Equatable, Sendable {
    /// The file that was asked for.
    public let path: String
    /// The `errno` of the call that failed.
    public let code: Int32

    /// The system's words for ``code``.
    public var reason: String { String(cString: strerror(code)) }
    /// Whether the file (or a folder on its path) does not exist.
    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}

/// A whole file mapped read-only: its pages are the page cache's, read when first touched, never copied.
public final class MappedFile: TensorStorage {
    /// The path the file was opened by.
    public let path: String
    // The mapping is read-only and lives until `deinit`, so reading it from any thread is safe. A file
    // that somebody truncates while it is mapped raises SIGBUS on access, as with every mmap reader.
    private nonisolated(unsafe) let region: UnsafeRawBufferPointer

    /// Maps the regular file at `path`.
    public init(path: String) throws(MappedFileError) {
        self.path = path
        // O_NONBLOCK: opening a pipe must fail below rather than wait for somebody to write to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw MappedFileError(path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw MappedFileError(path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw MappedFileError(path: path, code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            region = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw MappedFileError(path: path, code: errno)
        }
        region = UnsafeRawBufferPointer(start: base, count: count)
    }

    deinit {
        if let base = region.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: base), region.count)
        }
    }

    /// The file's bytes.
    public var bytes: UnsafeRawBufferPointer { region }
}
