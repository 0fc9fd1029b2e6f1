import Glibc
import LlamaCheckpoints
import LlamaFiles

extension FilePath {
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
