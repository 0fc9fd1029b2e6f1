import Glibc

/// A path as text, split at its last separator.
struct FilePath {
    let path: String

    init(_ path: String) { self.path = path }

    /// The last component.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Everything before the last component; `.` where there is nothing.
    var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    var exists: Bool { access(path, F_OK) == 0 }

    /// Whether the path leads to a folder; throws where it leads nowhere.
    func isFolder() throws(CheckpointError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(errno) }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// Names of the entries of the folder, sorted.
    func entries() throws(CheckpointError) -> [String] {
        guard let stream = opendir(path) else { throw failure(errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func failure(_ code: Int32) -> CheckpointError {
        let missing = code == ENOENT || code == ENOTDIR
        return CheckpointError(file: path, missing ? .missing : .unreadable(String(cString: strerror(code))))
    }
}
