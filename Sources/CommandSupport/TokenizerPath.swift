import Glibc

/// Finds the tokenizer that a path leads to.
public enum TokenizerPath {
    /// What a tokenizer is called beside a checkpoint, the first choice first.
    public static let names = ["tokenizer.model", "tokenizer.json"]

    /// The tokenizer's file: the path itself, or the tokenizer in the folder that it names, or beside the
    /// checkpoint's file that it names.
    public static func resolve(_ path: String) throws(Failure) -> String {
        var status = stat()
        // What is not there, or cannot be asked for, is the loader's to report.
        guard stat(path, &status) == 0 else { return path }
        let folder: String
        if status.st_mode & S_IFMT == S_IFDIR {
            folder = path.hasSuffix("/") ? path : path + "/"
        } else if isOfCheckpoint(path) {
            folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        } else {
            return path
        }
        for name in names where access(folder + name, F_OK) == 0 { return folder + name }
        throw Failure(
            Failure.noInput, "\(path): expected \(names.joined(separator: " or ")) there, found neither")
    }

    /// Whether a file holds weights or a configuration, by its name.
    private static func isOfCheckpoint(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return ["params.json", "config.json"].contains(name)
            || [".safetensors", ".safetensors.index.json", ".pth"].contains(where: name.hasSuffix)
    }
}
