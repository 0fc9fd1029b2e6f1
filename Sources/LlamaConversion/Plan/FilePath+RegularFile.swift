import Glibc
import LlamaCheckpoints
import LlamaFiles

extension FilePath {
    /// What has this name, in words such as `a device`; symbolic links are not followed. Nil where nothing has.
    var kind: String? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Self.kind(ofMode: status.st_mode)
    }

    /// Whether it is a regular file itself, not a symbolic link to one.
    var isRealFile: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The size of a readable regular file; symbolic links are followed.
    func regularFileByteCount() throws(CheckpointError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let isMissing = errno == ENOENT || errno == ENOTDIR
            throw CheckpointError(
                file: path, isMissing ? .missing : .unreadable(String(cString: strerror(errno))))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .invalid(
                path, expected: "a regular file", found: Self.kind(ofMode: status.st_mode),
                advice: "put the file itself there, or remove it")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CheckpointError(file: path, .unreadable(String(cString: strerror(errno))))
        }
        close(descriptor)
        return Int(status.st_size)
    }
}
