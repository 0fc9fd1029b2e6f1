import LlamaCheckpoints

extension ChatTemplates {
    private static let key = "tokenizer.chat_template"

    /// The templates in a GGUF file.
    package init(_ metadata: GGUFMetadata) throws(CheckpointError) {
        self.init(standard: try metadata.string(Self.key))
        for name in try metadata.strings(Self.key + "s") ?? GGUFStrings() {
            let name = String(decoding: name, as: UTF8.self)
            guard let template = try metadata.string(Self.key + "." + name) else { continue }
            named.append(Named(name: name, template: template))
        }
    }

    /// A checkpoint's own templates and the file that has them: those in a GGUF file, else those beside the weights; nil
    /// if there are none.
    ///
    /// - Parameters:
    ///   - gguf: The key-values of its file, if it is GGUF.
    ///   - folder: The folder with the weights.
    /// - Throws: `.invalidGGUF` for a template of the wrong type, and what ``found(in:)`` throws.
    package static func found(
        gguf: GGUFMetadata?, folder: String
    ) throws(TokenizerError) -> (templates: ChatTemplates, file: String)? {
        if let gguf {
            let templates: ChatTemplates
            do { templates = try ChatTemplates(gguf) } catch { throw .invalidGGUF(error) }
            if !templates.isEmpty { return (templates, gguf.file) }
            // A GGUF file carries all that it was made from; files beside it are another model's.
            return nil
        }
        return try found(in: folder)
    }

    /// Key-values that hold the templates, as llama.cpp's tools write them.
    package var entries: [(key: String, value: GGUFValue)] {
        var entries: [(key: String, value: GGUFValue)] = []
        if let standard { entries.append((Self.key, .text(standard))) }
        if !named.isEmpty {
            entries.append((Self.key + "s", .array(.string(GGUFStrings(named.map(\.name))))))
            entries += named.map { (Self.key + "." + $0.name, .text($0.template)) }
        }
        return entries
    }
}
