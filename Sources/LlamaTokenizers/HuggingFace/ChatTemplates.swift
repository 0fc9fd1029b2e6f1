import LlamaJSON

/// The Jinja templates that turn messages into a prompt.
package struct ChatTemplates: Sendable, Hashable {
    /// The template that is used by default.
    package var standard: String?
    /// Templates for other purposes, such as `tool_use`, in the order of the file.
    package var named: [Named] = []

    /// A template with a name.
    package struct Named: Sendable, Hashable {
        /// What it is for.
        package var name: String
        /// The template.
        package var template: String

        /// A template with this name.
        package init(name: String, template: String) {
            (self.name, self.template) = (name, template)
        }
    }

    /// Whether there is none.
    package var isEmpty: Bool { standard == nil && named.isEmpty }

    /// Templates of these texts.
    package init(standard: String? = nil, named: [Named] = []) {
        (self.standard, self.named) = (standard, named)
    }

    /// The templates of a Hugging Face folder: in `chat_template.jinja`, `chat_template.json` or `tokenizer_config.json`,
    /// whichever is found first.
    ///
    /// - Throws: `.invalidJSON` for a malformed file, and the errors of one that cannot be read.
    package init(folder: String) throws(TokenizerError) {
        self = try Self.found(in: folder)?.templates ?? ChatTemplates()
    }

    /// The templates of a Hugging Face folder, as `init(folder:)` finds them, and the file that has them; nil if there are
    /// none.
    ///
    /// - Throws: as `init(folder:)` does.
    package static func found(
        in folder: String
    ) throws(TokenizerError) -> (templates: ChatTemplates, file: String)? {
        let jinja = folder + "/chat_template.jinja"
        if let file = try TokenizerFile(optional: jinja) {
            return (ChatTemplates(standard: String(decoding: file.bytes, as: UTF8.self)), jinja)
        }
        for name in ["chat_template.json", "tokenizer_config.json"] {
            let path = folder + "/" + name
            guard let file = try TokenizerFile(optional: path) else { continue }
            var templates = ChatTemplates()
            do throws(ComponentError) { try templates.read(file.bytes) } catch { throw error.inFile(path) }
            if !templates.isEmpty { return (templates, path) }
        }
        return nil
    }

    private mutating func read(_ bytes: [UInt8]) throws(ComponentError) {
        let root = try TokenizerSettings.root(bytes)
        try Component.checked { () throws(JSONError) in
            guard let value = root["chat_template"] else { return }
            guard value.isArray else { return standard = try value.string() }
            for element in try value.array() {
                named.append(
                    Named(
                        name: try element.member("name").string(),
                        template: try element.member("template").string()))
            }
        }
        let names = named.map(\.name)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw .unsupported(found: "two templates named \"\(twice)\"", path: "chat_template")
        }
        if let index = names.firstIndex(of: "default") { standard = named.remove(at: index).template }
    }

    /// The value of `chat_template` in a `tokenizer_config.json`; nil if there is none.
    var json: JSONText? {
        guard !named.isEmpty else { return standard.map { .string($0) } }
        let all = (standard.map { [Named(name: "default", template: $0)] } ?? []) + named
        return .array(all.map { .object([("name", .string($0.name)), ("template", .string($0.template))]) })
    }
}
