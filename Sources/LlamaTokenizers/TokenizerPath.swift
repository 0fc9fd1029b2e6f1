import Glibc
import LlamaFiles

/// Finds the tokenizer that a path leads to.
package enum TokenizerPath {
    /// What a tokenizer is called beside a checkpoint.
    package static let names = ["tokenizer.model", "tokenizer.json"]

    /// Whether there is a file, rather than a folder or a pipe that might never be written to.
    package static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The tokenizer in a folder, or nil where there is none: in a folder of Hugging Face's the `tokenizer.json`,
    /// which has the tokens that were added after the `tokenizer.model` was made, else the `tokenizer.model`.
    package static func file(in folder: String) -> String? {
        func exists(_ name: String) -> Bool { isFile(folder + "/" + name) }
        let isHuggingFace = exists("config.json") && !exists("params.json")
        let name = (isHuggingFace ? names.reversed() : names).first(where: exists)
        return name.map { folder + "/" + $0 }
    }

    /// The tokenizer's file: the path itself, or the tokenizer in the folder that it names, or beside the
    /// checkpoint's file that it names; where neither has a file for it, a GGUF file there.
    package static func resolve(_ path: String) throws(TokenizerError) -> String {
        var status = stat()
        // A path that does not exist or cannot be accessed is reported when it is opened.
        guard stat(path, &status) == 0 else { return path }
        let folder: String
        if status.st_mode & S_IFMT == S_IFDIR {
            folder = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
        } else if isOfCheckpoint(path) {
            folder = FilePath(path).folder
        } else {
            return path
        }
        if let file = file(in: folder) { return file }
        let names = (try? FilePath(folder).entries()) ?? []
        if let name = names.first(where: { $0.hasSuffix(".gguf") }) { return folder + "/" + name }
        throw .noTokenizer(path: path)
    }

    /// Whether a file holds weights or a configuration, by its name.
    private static func isOfCheckpoint(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return ["params.json", "config.json"].contains(name)
            || [".safetensors", ".safetensors.index.json", ".pth"].contains(where: name.hasSuffix)
    }
}
