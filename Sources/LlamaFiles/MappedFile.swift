import Glibc

/// A file mapped read-only: its pages are the page cache's, read on first access and never copied.
package final class MappedFile: Sendable {
    /// The path the file was opened by.
    package let path: String
    // The mapping is read-only and lives until `deinit`, so reading it from any thread is safe. A file
    // that is truncated while it is mapped raises SIGBUS on access, as with every mmap reader.
    private nonisolated(unsafe) let region: UnsafeRawBufferPointer

    /// Maps the regular file at `path`.
    package init(path: String) throws(FileError) {
        self.path = path
        // O_NONBLOCK: opening a pipe must fail below rather than block until something writes to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            guard status.st_mode & S_IFMT != S_IFDIR else { throw FileError(path: path, code: EISDIR) }
            let kind = FilePath.kind(ofMode: status.st_mode)
            throw FileError(path: path, code: EINVAL, explanation: "it is \(kind), not a regular file")
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            region = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw FileError(path: path, code: errno)
        }
        region = UnsafeRawBufferPointer(start: base, count: count)
    }

    deinit {
        if let base = region.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: base), region.count)
        }
    }

    /// The file's bytes.
    package var bytes: UnsafeRawBufferPointer { region }
}
