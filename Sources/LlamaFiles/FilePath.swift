import Glibc

/// A path to a file or folder.
package struct FilePath {
    /// The path as given.
    package let path: String

    /// - Parameter path: Absolute, or relative to the current folder.
    package init(_ path: String) { self.path = path }

    /// The last component.
    package var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Everything before the last component; `.` for a bare name.
    package var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Whether it exists; symbolic links are followed.
    package var exists: Bool { access(path, F_OK) == 0 }

    /// Whether it is a folder; symbolic links are followed.
    ///
    /// - Throws: where nothing exists there.
    package func isFolder() throws(FileError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError(path: path, code: errno) }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// Names of the entries of the folder, sorted.
    package func entries() throws(FileError) -> [String] {
        guard let stream = opendir(path) else { throw FileError(path: path, code: errno) }
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
}
