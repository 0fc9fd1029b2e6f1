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
    ///
    /// - Throws: where the folder cannot be read, and for a name that is not UTF-8: as a `String` it would be another.
    package func entries() throws(FileError) -> [String] {
        let listing = try listing()
        guard let name = listing.undecodable.first else { return listing.names }
        throw FileError(
            path: path, code: EILSEQ, explanation: "the name of an entry is not UTF-8: \(name); rename it")
    }

    /// The entries of the folder, sorted: the names that are UTF-8, and the others with the bytes that are not escaped,
    /// as `caf\xE9`. No file can be opened by one of the latter.
    package func listing() throws(FileError) -> (names: [String], undecodable: [String]) {
        guard let stream = opendir(path) else { throw FileError(path: path, code: errno) }
        defer { closedir(stream) }
        var (names, undecodable): ([String], [String]) = ([], [])
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if let name = String(validating: bytes, as: UTF8.self) {
                if name != ".", name != ".." { names.append(name) }
            } else {
                undecodable.append(Self.escaped(bytes))
            }
        }
        return (names.sorted(), undecodable.sorted())
    }

    /// Bytes that need not be UTF-8, with all but printable ASCII as `\xE9`.
    package static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            (0x20..<0x7F).contains(byte)
                ? String(Unicode.Scalar(byte))
                : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
