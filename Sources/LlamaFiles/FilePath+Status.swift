import Glibc

extension FilePath {
    /// Whether anything has this name, even a dangling symbolic link.
    package var isTaken: Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether it is a folder itself, not a symbolic link to one.
    package var isRealFolder: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether it is a regular file itself, not a symbolic link to one.
    package var isRealFile: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether it is a regular file or leads to one, rather than a folder or a pipe that might never be written to.
    package var isRegularFile: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// What has this name, in words such as `a device`; symbolic links are not followed. Nil where nothing has.
    package var kind: String? {
        var status = stat()
        return lstat(path, &status) == 0 ? Self.kind(ofMode: status.st_mode) : nil
    }

    /// What kind of file a mode of `stat` says it is, as a noun phrase.
    package static func kind(ofMode mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFREG: "a file"
        case S_IFDIR: "a folder"
        case S_IFLNK: "a symbolic link"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    /// What it is, where it is neither a regular file nor a folder, as a noun phrase; nil otherwise.
    package var specialKind: String? {
        var status = stat()
        guard stat(path, &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
            return nil
        }
        return Self.kind(ofMode: status.st_mode)
    }

    /// The path with symbolic links resolved; nil where nothing exists.
    package var resolved: String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The device of its file system; nil where nothing exists.
    package var device: dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }

    /// Size of the file in bytes; nil where nothing exists or the system does not tell.
    package var byteCount: Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Bytes that it occupies on the disk; 0 where nothing exists.
    package var allocatedByteCount: Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }

    /// Free bytes on its file system; nil where that is not known.
    package var freeByteCount: Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        return Int(clamping: status.f_bavail.multipliedReportingOverflow(by: status.f_frsize).partialValue)
    }

    /// Waits until the folder's entries are on the disk.
    package func flushFolder() {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Creates a file that was not there, and opens it for writing. A file or symbolic link of this name is removed, not
    /// followed or written to; anything else is left, and refused.
    ///
    /// - Returns: a descriptor, or -1 with the reason in `errno`.
    package func createAnew() -> Int32 {
        var status = stat()
        if lstat(path, &status) == 0, [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) { unlink(path) }
        return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
    }
}
