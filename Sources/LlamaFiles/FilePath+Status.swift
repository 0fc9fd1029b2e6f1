import Glibc

extension FilePath {
    /// Whether anything has this name, be it a symbolic link that leads nowhere.
    package var isTaken: Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether the name is a folder's own, not a symbolic link to one.
    package var isRealFolder: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path without symbolic links; nil where nothing is there.
    package var resolved: String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The device of the file system that it is on; nil where nothing is there.
    package var device: dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }

    /// Size of the file; nil where it cannot be told.
    package var byteCount: Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Bytes that it takes on the disk; 0 where nothing is there.
    package var allocatedByteCount: Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }

    /// Bytes that may still be written to its file system; nil where that is not known.
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
}
