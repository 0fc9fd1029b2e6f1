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
