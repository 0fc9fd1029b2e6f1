import LlamaFiles

/// The files of tokenizers beside a checkpoint.
package enum TokenizerPath {
    /// The names of a tokenizer beside a checkpoint.
    package static let names = ["tokenizer.model", "tokenizer.json"]

    /// The tokenizer in a folder, or nil if there is none. A Hugging Face folder's `tokenizer.json` is preferred, because
    /// it has the tokens that were added after the `tokenizer.model` was made; elsewhere the `tokenizer.model`.
    package static func file(in folder: String) -> String? {
        func exists(_ name: String) -> Bool { FilePath(folder + "/" + name).isRegularFile }
        let isHuggingFace = exists("config.json") && !exists("params.json")
        let name = (isHuggingFace ? names.reversed() : names).first(where: exists)
        return name.map { folder + "/" + $0 }
    }
}
