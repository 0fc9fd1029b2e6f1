import Glibc

extension FilePath {
    /// Whether anything has this name, be it a symbolic link that leads nowhere.
    var isTaken: Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether the name is a folder's own, not a symbolic link to one.
    var isRealFolder: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path without symbolic links; nil where nothing is there.
    var resolved: String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The device of the file system that it is on; nil where nothing is there.
    var device: dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }

    /// Bytes that it takes on the disk; 0 where nothing is there.
    var allocatedByteCount: Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }

    /// Bytes that may still be written to its file system; nil where that is not known.
    var freeByteCount: Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        return Int(clamping: status.f_bavail.multipliedReportingOverflow(by: status.f_frsize).partialValue)
    }

    /// The size of a file that can be read to its end, whatever symbolic links lead to it.
    func regularFileByteCount() throws(CheckpointError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let isMissing = errno == ENOENT || errno == ENOTDIR
            throw CheckpointError(
                file: path, isMissing ? .missing : .unreadable(String(cString: strerror(errno))))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .invalid(
                path, expected: "a regular file", found: Self.kind(status.st_mode),
                advice: "put the file itself there, or take it away")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CheckpointError(file: path, .unreadable(String(cString: strerror(errno))))
        }
        close(descriptor)
        return Int(status.st_size)
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    /// Waits until the folder's entries are on the disk.
    func flushFolder() {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
