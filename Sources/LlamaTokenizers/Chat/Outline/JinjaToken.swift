/// A token inside a tag of a chat template.
enum JinjaToken: Hashable {
    /// A name or a keyword.
    case name(String)
    /// A string, without its quotes and escapes.
    case string(String)
    /// A number, as it is spelled.
    case number(String)
    /// An operator or a bracket.
    case symbol(String)

    private static let symbols = [
        "==", "!=", "<=", ">=", "//", "**", "<", ">", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", "=",
        "(", ")",
        "[", "]", "{", "}",
    ]

    /// The token at a position, which moves behind it; nil if there is none.
    init?(_ scalars: [Unicode.Scalar], at position: inout Int) {
        guard position < scalars.count else { return nil }
        let first = scalars[position]
        if first == "'" || first == "\"" {
            guard let string = Self.string(scalars, at: &position) else { return nil }
            self = .string(string)
        } else if Self.isWord(first) {
            let word = scalars[position...].prefix(while: Self.isWord)
            position += word.count
            let text = String(String.UnicodeScalarView(word))
            self = ("0"..."9").contains(first) ? .number(text) : .name(text)
        } else {
            let rest = scalars[position...]
            guard let symbol = Self.symbols.first(where: { rest.starts(with: $0.unicodeScalars) }) else {
                return nil
            }
            position += symbol.unicodeScalars.count
            self = .symbol(symbol)
        }
    }

    /// A string with its quotes; nil if it does not end or has an escape other than the usual ones.
    private static func string(_ scalars: [Unicode.Scalar], at position: inout Int) -> String? {
        let escapes: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"",
        ]
        let quote = scalars[position]
        var index = position + 1
        var text = String.UnicodeScalarView()
        while index < scalars.count {
            if scalars[index] == quote {
                position = index + 1
                return String(text)
            }
            if scalars[index] == "\\" {
                index += 1
                guard index < scalars.count, let scalar = escapes[scalars[index]] else { return nil }
                text.append(scalar)
            } else {
                text.append(scalars[index])
            }
            index += 1
        }
        return nil
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    /// The token in an outline.
    var spelling: String {
        switch self {
        case .name(let text), .number(let text), .symbol(let text): text
        case .string(let text): Self.quoted(text)
        }
    }

    /// A string in an outline, on one line.
    static func quoted(_ text: String) -> String {
        "\"" + text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined() + "\""
    }
}
