import LlamaCheckpoints
import LlamaFiles
import Glibc
import LlamaTensors

/// What a weight file is, in a word.
enum FileFormat {
    /// Whose names and which container, such as `Hugging Face safetensors`.
    static func name(naming: TensorNaming, file: String?) -> String {
        let container = file.flatMap(container) ?? "file"
        return container.hasPrefix(naming.rawValue) ? container : "\(naming.rawValue) \(container)"
    }

    /// By the first bytes; names do not tell a `.bin` of torch from one of llama2.c.
    private static func container(_ path: String) -> String? {
        guard let file = try? MappedFile(path: path) else { return nil }
        if file.bytes.starts(with: Array("PK".utf8)) { return ".pth" }
        if file.bytes.starts(with: Array("GGUF".utf8)) { return "GGUF" }
        if path.hasSuffix(".safetensors") { return "safetensors" }
        return path.hasSuffix(".bin") ? "llama2.c .bin" : nil
    }

    /// Whether a file is one of weights, by its name.
    static func isWeightFile(_ name: String) -> Bool {
        // A vocabulary exported for llama2.c, and what trainers leave.
        guard !name.hasPrefix("tok"), name != "training_args.bin" else { return false }
        return [".pth", ".pt", ".bin", ".safetensors", ".gguf"].contains(where: name.hasSuffix)
    }
}
