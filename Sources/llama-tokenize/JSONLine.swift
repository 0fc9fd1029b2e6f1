import LlamaJSON

/// A line that holds one JSON value.
enum JSONLine {
    /// Parses a line.
    static func value(_ line: [UInt8]) throws(JSONError) -> JSONValue {
        // Duplicate keys need no error of their own: no object is expected anyway.
        let limits = JSONLimits(byteCount: LineReader.longestLine, allowsDuplicateKeys: true)
        return try line.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSONValue.parse(bytes, limits: limits) }
        }.get()
    }
}

/// What is wrong with a line.
struct BadLine: Error {
    /// Where in the line, such as `[3]`.
    var location: String?
    let expected: String
    let found: String

    init(location: String? = nil, expected: String, found: String) {
        self.location = location
        self.expected = expected
        self.found = found
    }

    init(expected: String, _ error: JSONError) {
        self.expected = expected
        switch error {
        case .syntax("the end of the text", 0): found = "an empty line"
        case .syntax(let what, let offset): found = "\(what) at byte \(offset)"
        case .missingKey(let key, _): found = "no \"\(key)\""
        default: found = error.found
        }
    }
}
