import LlamaFiles

/// The files of tokenizers beside a checkpoint.
package enum TokenizerPath {
    /// The names of a tokenizer beside a checkpoint.
    package static let names = ["tokenizer.model", "tokenizer.json"]

    /// The files that Hugging Face's and Meta's checkpoints keep beside their weights for the tokenizer.
    package static let companionNames =
        names + [
            "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
            "chat_template.json", "generation_config.json",
        ]

    /// The tokenizer in a folder, or nil if there is none. A Hugging Face folder's `tokenizer.json` is preferred, because
    /// it has the tokens that were added after the `tokenizer.model` was made; elsewhere the `tokenizer.model`.
    package static func file(in folder: String) -> String? {
        // One that cannot be read is an error of reading it, rather than none.
        func exists(_ name: String) -> Bool { FilePath(folder + "/" + name).isTaken }
        let isHuggingFace = exists("config.json") && !exists("params.json")
        let name = (isHuggingFace ? names.reversed() : names).first(where: exists)
        return name.map { folder + "/" + $0 }
    }
}
