import Glibc

/// Reads a file, or whatever else a descriptor leads to, to its end.
package enum WholeFile {
    /// Why a file was not read.
    package enum Failure: Error, Equatable, Sendable {
        /// The system refused.
        case system(FileError)
        /// There are more bytes than the caller accepts.
        case tooLarge(path: String, limit: Int)
    }

    /// All bytes of a regular file, or of a pipe or device until it ends.
    ///
    /// - Parameters:
    ///   - path: the file; a directory is refused with `EISDIR`.
    ///   - limit: the most bytes to accept.
    package static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(FileError(path: path, code: errno)) }
        defer { close(descriptor) }
        return try read(descriptor, named: path, limit: limit)
    }

    /// All bytes that are left of an open file, pipe or device.
    ///
    /// - Parameters:
    ///   - descriptor: open for reading; it stays open.
    ///   - name: what errors call it.
    ///   - limit: the most bytes to accept.
    package static func read(
        _ descriptor: Int32, named name: String, limit: Int
    ) throws(Failure) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(FileError(path: name, code: errno)) }
        let expected = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
        guard expected <= limit else { throw .tooLarge(path: name, limit: limit) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expected)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(FileError(path: name, code: errno)) }
            if count == 0 { return bytes }
            guard count <= limit - bytes.count else { throw .tooLarge(path: name, limit: limit) }
            bytes += chunk[..<count]
        }
    }

    /// The first bytes of a regular file, fewer where the file is shorter; nil for anything but a regular file, such as
    /// a pipe, whose bytes could not be read a second time.
    ///
    /// - Parameter count: how many bytes to read.
    package static func prefix(of path: String, count: Int) throws(FileError) -> [UInt8]? {
        // Asked before opening: the writer of a pipe would fail once its first reader is gone.
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError(path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        var length = 0
        while length < count {
            let read = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + length }, $0.count - length)
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw FileError(path: path, code: errno) }
            if read == 0 { break }
            length += read
        }
        return Array(bytes.prefix(length))
    }
}
