import LlamaJSON

/// Why a `tokenizer.json`, or a file beside it, cannot be used.
enum ComponentError: Error {
    /// A value is missing or malformed, or contradicts another.
    case invalid(JSONError)
    /// A rule that is not implemented: `found` names it, `path` is its key path.
    case unsupported(found: String, path: String)

    /// The error, with the file that it is about.
    func inFile(_ file: String) -> TokenizerError {
        switch self {
        case .invalid(let error):
            .invalidJSON(file: file, path: error.location, expected: error.expected, found: error.found)
        case .unsupported(let found, let path): .unsupportedComponent(file: file, found: found, path: path)
        }
    }
}

/// A component of a `tokenizer.json`: an object whose `type` names what it does.
struct Component {
    let value: JSONValue
    let type: String

    init(_ value: JSONValue) throws(ComponentError) {
        self.value = value
        type = try Self.checked { () throws(JSONError) in try value.member("type").string() }
    }

    /// The error for a component that is not implemented, or not in this use.
    func unsupported(_ what: String = "") -> ComponentError {
        .unsupported(found: what.isEmpty ? type : "\(type) \(what)", path: value.path)
    }

    func string(_ key: String) throws(ComponentError) -> String {
        try Self.checked { () throws(JSONError) in try value.member(key).string() }
    }

    func flag(_ key: String, default fallback: Bool) throws(ComponentError) -> Bool {
        try Self.checked { () throws(JSONError) in try value[key]?.bool() ?? fallback }
    }

    func int(_ key: String, default fallback: Int) throws(ComponentError) -> Int {
        try Self.checked { () throws(JSONError) in try value[key]?.int() ?? fallback }
    }

    /// The components of a `Sequence`, nested ones included, or the component itself.
    ///
    /// - Parameter key: the member of a sequence that lists its components.
    func flattened(_ key: String, depth: Int = 0) throws(ComponentError) -> [Component] {
        guard type == "Sequence" else { return [self] }
        guard depth < 16 else { throw unsupported("within 16 others") }
        var result: [Component] = []
        for element in try Self.checked({ () throws(JSONError) in try value.member(key).array() }) {
            result += try Component(element).flattened(key, depth: depth + 1)
            guard result.count <= Self.maximumCount else {
                throw unsupported("of more than \(Self.maximumCount)")
            }
        }
        return result
    }

    /// Files have a handful of components, and each costs time on every text.
    private static let maximumCount = 64

    /// The `pattern` of the component: literal text, or a regular expression.
    func pattern() throws(ComponentError) -> TextPattern {
        let pattern = try Self.checked { () throws(JSONError) in try value.member("pattern") }
        if let text = pattern["String"] {
            let bytes = try Self.checked { () throws(JSONError) in try text.utf8() }
            guard !bytes.isEmpty else { throw unsupported("with an empty pattern") }
            return .text(bytes)
        }
        let source = try Self.checked { () throws(JSONError) in try pattern.member("Regex").string() }
        do { return try TextPattern(regex: source) } catch {
            throw .unsupported(
                found: "\(error.found) at character \(error.position + 1) of a pattern", path: value.path)
        }
    }

    /// Runs code that reads JSON values.
    static func checked<R>(_ body: () throws(JSONError) -> R) throws(ComponentError) -> R {
        do { return try body() } catch { throw .invalid(error) }
    }
}
