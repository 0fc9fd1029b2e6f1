/// What is wrong with a JSON text, or with a value in it.
package enum JSONError: Error, Equatable, Sendable {
    /// The text is larger than the caller allows, in bytes.
    case tooLarge(byteCount: Int, limit: Int)
    /// Not JSON: what was found, and at which byte.
    case syntax(String, offset: Int)
    /// Two members of one object have the same name.
    case duplicateKey(String)
    /// The member at `path` has a name that its reader does not know; `nearest` is one that may have been meant.
    case unknownKey(path: String, nearest: String?)
    /// An object at `path` lacks a member.
    case missingKey(String, path: String)
    /// The value at `path` has another type than the caller needs.
    case wrongType(path: String, expected: String, found: String)
}

extension JSONError: CustomStringConvertible {
    /// Where in the text the problem lies: a key path such as `rope_scaling.factor`, or a byte.
    package var location: String? {
        switch self {
        case .tooLarge: nil
        case .syntax(_, let offset): "byte \(offset)"
        case .duplicateKey(let key): "key \"\(key.oneLine())\""
        case .unknownKey(let path, _): path.oneLine()
        case .missingKey(_, let path): path.isEmpty ? nil : path.oneLine()
        case .wrongType(let path, _, _): path.isEmpty ? nil : path.oneLine()
        }
    }

    /// What the text should have held at ``place``.
    package var expected: String {
        switch self {
        case .tooLarge(_, let limit): "at most \(limit) bytes of JSON"
        case .syntax: "valid JSON"
        case .duplicateKey: "each key once"
        case .unknownKey(_, let nearest): "a known key" + (nearest.map { " (did you mean \($0)?)" } ?? "")
        case .missingKey(let key, _): "a key \"\(key)\""
        case .wrongType(_, let expected, _): expected
        }
    }

    /// What it holds.
    package var found: String {
        switch self {
        case .tooLarge(let byteCount, _): "\(byteCount)"
        case .syntax(let message, _): message
        case .duplicateKey: "the same key again"
        case .unknownKey: "an unknown one"
        case .missingKey: "none"
        case .wrongType(_, _, let found): found
        }
    }

    /// One line: place, expected, found.
    package var description: String {
        (location.map { $0 + ": " } ?? "") + "expected \(expected), found \(found)"
    }
}
