/// An expression of a chat template in one spelling for all that mean the same.
///
/// `message['role']` is `message.role`, `content.strip()` is `content | trim`, and a sum of strings is its terms, strings
/// next to each other joined.
struct JinjaExpression: Hashable {
    /// A term of a sum.
    enum Term: Hashable {
        case literal(String)
        case other(String)
    }

    /// The terms of the sum; one if the expression is none.
    let terms: [Term]

    /// An expression of these tokens.
    ///
    /// - Parameter aliases: what to write for a name instead.
    init(_ tokens: some Sequence<JinjaToken>, aliases: [String: String] = [:]) {
        let tokens = Self.canonical(Array(tokens), aliases)
        let parts = Self.parts(of: tokens) ?? [tokens]
        var terms: [Term] = []
        for part in parts {
            if part.count == 1, case .string(let text)? = part.first {
                if case .literal(let last)? = terms.last {
                    terms[terms.count - 1] = .literal(last + text)
                } else {
                    terms.append(.literal(text))
                }
            } else {
                terms.append(.other(part.map(\.spelling).joined(separator: " ")))
            }
        }
        self.terms = terms
    }

    /// The expression on one line.
    var spelling: String { terms.map(\.spelling).joined(separator: " + ") }

    private static func canonical(_ tokens: [JinjaToken], _ aliases: [String: String]) -> [JinjaToken] {
        var result: [JinjaToken] = []
        var rest = tokens[...]
        while let token = rest.first {
            if isValue(result.last), rest.count >= 3, token == .symbol("["),
                rest.dropFirst(2).first == .symbol("]"),
                case .string(let name)? = rest.dropFirst().first, isIdentifier(name)
            {
                result += [.symbol("."), .name(name)]
                rest = rest.dropFirst(3)
            } else if rest.starts(with: [.symbol("."), .name("strip"), .symbol("("), .symbol(")")]) {
                result += [.symbol("|"), .name("trim")]
                rest = rest.dropFirst(4)
            } else if case .name(let name) = token, result.last != .symbol("."), let other = aliases[name] {
                result.append(.name(other))
                rest = rest.dropFirst()
            } else {
                result.append(token)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    /// Whether an index may follow.
    private static func isValue(_ token: JinjaToken?) -> Bool {
        switch token {
        case .name(let name)?: !["in", "is", "not", "and", "or", "if", "else"].contains(name)
        case .symbol(let symbol)?: symbol == ")" || symbol == "]"
        default: false
        }
    }

    private static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
            default: false
            }
        }
    }

    /// The terms of a sum, without the signs between them; nil for an expression that is not a sum of strings alone.
    private static func parts(of tokens: [JinjaToken]) -> [[JinjaToken]]? {
        let weaker =
            ["if", "else", "and", "or", "not", "in", "is"].map(JinjaToken.name)
            + ["==", "!=", "<", ">", "<=", ">=", "-", "*", "/", "//", "%", "**", "="].map(JinjaToken.symbol)
        var depth = 0
        var parts: [[JinjaToken]] = [[]]
        for token in tokens {
            switch token {
            case .symbol("("), .symbol("["), .symbol("{"): depth += 1
            case .symbol(")"), .symbol("]"), .symbol("}"): depth -= 1
            case .symbol("+") where depth == 0, .symbol("~") where depth == 0:
                parts.append([])
                continue
            case .number where depth == 0: return nil
            default:
                if depth == 0, weaker.contains(token) { return nil }
            }
            parts[parts.count - 1].append(token)
        }
        return depth == 0 && parts.allSatisfy({ !$0.isEmpty }) ? parts : nil
    }
}

extension JinjaExpression.Term {
    /// The term in an outline.
    var spelling: String {
        switch self {
        case .literal(let text): JinjaToken.quoted(text)
        case .other(let text): text
        }
    }
}
