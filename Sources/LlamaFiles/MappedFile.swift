import CFileFaults
import Glibc

/// A file mapped read-only: its pages are the page cache's, read on first access and never copied.
///
/// Other programs can change the file meanwhile. Code that reads ``bytes`` calls ``checkUnchanged()`` before using what
/// it has computed from them. Reading beyond the end of a file that has shrunk raises SIGBUS and ends the process, as with
/// every mapped file, unless ``survivesFaults()`` was called.
package final class MappedFile: Sendable {
    /// The path the file was opened by.
    package let path: String
    // The mapping is read-only and lives until `deinit`, so reading it from any thread is safe.
    private nonisolated(unsafe) let region: UnsafeRawBufferPointer
    // Made in `init`, freed in `deinit`; its functions may be called from any thread.
    private nonisolated(unsafe) let watch: OpaquePointer?
    private let descriptor: Int32
    private let modified: timespec
    private let sample = ContentSample()

    /// Maps the regular file at `path`.
    package init(path: String) throws(FileError) {
        self.path = path
        // O_NONBLOCK: opening a pipe must fail below rather than block until something writes to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        do throws(FileError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, code: errno) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                guard status.st_mode & S_IFMT != S_IFDIR else { throw FileError(path: path, code: EISDIR) }
                let kind = FilePath.kind(ofMode: status.st_mode)
                throw FileError(path: path, code: EINVAL, explanation: "it is \(kind), not a regular file")
            }
            region = try Self.map(descriptor, count: Int(status.st_size), path: path)
            modified = status.st_mtim
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        watch = cff_watch(region.baseAddress, region.count, path)
        sample.takeEnds(of: descriptor, count: region.count)
    }

    private static func map(
        _ descriptor: Int32, count: Int, path: String
    ) throws(FileError) -> UnsafeRawBufferPointer {
        guard count > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw FileError(path: path, code: errno)
        }
        return UnsafeRawBufferPointer(start: base, count: count)
    }

    deinit {
        cff_unwatch(watch)
        if let base = region.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: base), region.count)
        }
        close(descriptor)
    }

    /// The file's bytes.
    package var bytes: UnsafeRawBufferPointer { region }
}

extension MappedFile {
    /// Remembers some of the bytes in the middle of the file, so that ``checkUnchanged()`` notices most other contents
    /// of the same length. For files that are read for long: it reads up to ``ContentSample/count`` pages.
    package func rememberContents() { sample.take(of: region) }

    /// Checks that the bytes read so far were the file's, and that it is still the same. One system call.
    ///
    /// Detected are bytes that could not be read, another size, other bytes at the beginning or the end, and others in
    /// between since ``rememberContents()`` was called. A later time of modification alone is not an error: `touch` and backups set it, too.
    ///
    /// - Throws: an error with a ``FileError/change``.
    package func checkUnchanged() throws(FileError) {
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        if isKnown, Int(status.st_size) != region.count {
            throw FileError(path: path, .size(expected: region.count, found: Int(status.st_size)))
        }
        if cff_is_damaged(watch) { throw FileError(path: path, .unreadable) }
        guard isKnown, status.st_mtim.tv_nsec != modified.tv_nsec || status.st_mtim.tv_sec != modified.tv_sec
        else { return }
        let isSame = sample.matches(region)
        // Comparing reads the file, which may have shrunk since.
        guard isSame, !cff_is_damaged(watch) else { throw FileError(path: path, .contents) }
    }

    /// Checks only that the bytes read so far could be read, which costs no system call.
    ///
    /// - Throws: an error with a ``FileError/change``.
    package func checkReadable() throws(FileError) {
        if cff_is_damaged(watch) { try checkUnchanged() }
    }

    /// Makes this process survive reading a mapped file that has shrunk or whose disk fails: zeros are read then, and
    /// ``checkUnchanged()`` throws. Applies to files that are mapped from then on.
    ///
    /// Replaces the process's action for SIGBUS, and so is for commands to call, not for libraries.
    package static func survivesFaults() {
        // Where the system refuses, reading such a file ends the process.
        _ = cff_install()
    }

    /// Throws if a file that this process has mapped could not be read, even if the file is no longer mapped.
    package static func checkForDamage() throws(FileError) {
        if let path = cff_first_damaged() { throw FileError(path: String(cString: path), .unreadable) }
    }
}

extension [MappedFile] {
    /// Calls ``MappedFile/checkUnchanged()`` for each.
    package func checkUnchanged() throws(FileError) {
        for file in self { try file.checkUnchanged() }
    }
}
