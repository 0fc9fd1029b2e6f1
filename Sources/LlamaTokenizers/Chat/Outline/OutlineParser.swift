/// Nests the parts of a template by its blocks.
struct OutlineParser {
    private var parts: ArraySlice<JinjaLexer.Part>
    /// Names that are `messages` from the top level on.
    private var aliases: [String: String] = [:]

    /// The deepest nesting that is followed: far beyond any real template.
    private static let maximumDepth = 32

    /// The statements of a template; nil if a block does not end, or one ends that has not begun.
    static func nodes(of parts: [JinjaLexer.Part]) -> [OutlineNode]? {
        var parser = OutlineParser(parts: parts[...])
        guard let nodes = parser.block(depth: 0), parser.parts.isEmpty else { return nil }
        return nodes
    }

    private init(parts: ArraySlice<JinjaLexer.Part>) {
        self.parts = parts
    }

    /// The statements up to the end of the block, which is left; nil if one is malformed.
    private mutating func block(depth: Int) -> [OutlineNode]? {
        guard depth < Self.maximumDepth else { return nil }
        var nodes: [OutlineNode] = []
        while let part = parts.first {
            if case .statement(let tokens) = part, case .name(let keyword)? = tokens.first {
                if ["elif", "else", "endif", "endfor"].contains(keyword) { return nodes }
                parts.removeFirst()
                guard let more = statement(keyword, tokens.dropFirst(), depth) else { return nil }
                nodes += more
            } else {
                parts.removeFirst()
                guard let more = output(part) else { return nil }
                nodes += more
            }
        }
        return depth == 0 ? nodes : nil
    }

    private func output(_ part: JinjaLexer.Part) -> [OutlineNode]? {
        switch part {
        case .text(let text): return [.emit(.literal(text))]
        case .output(let tokens):
            if tokens.starts(with: [.name("raise_exception"), .symbol("(")]), tokens.last == .symbol(")") {
                return [.line("raise")]
            }
            return tokens.isEmpty
                ? nil : JinjaExpression(tokens, aliases: aliases).terms.map(OutlineNode.emit)
        case .statement: return nil
        }
    }

    private mutating func statement(
        _ keyword: String, _ tokens: ArraySlice<JinjaToken>, _ depth: Int
    ) -> [OutlineNode]? {
        switch keyword {
        case "if": return choice(tokens, depth)
        case "for":
            let head = "for " + JinjaExpression(tokens, aliases: aliases).spelling
            guard let body = block(depth: depth + 1), end("endfor") else { return nil }
            return [.loop(head, body)]
        case "set":
            if depth == 0, case .name(let name)? = tokens.first,
                tokens.dropFirst().elementsEqual([.symbol("="), .name("messages")]), !isAssigned(name)
            {
                aliases[name] = "messages"
                return []
            }
            guard let equals = tokens.firstIndex(of: .symbol("=")) else { return nil }
            let target = JinjaExpression(tokens[..<equals], aliases: aliases).spelling
            let value = JinjaExpression(tokens[(equals + 1)...], aliases: aliases).spelling
            return [.line("set \(target) = \(value)")]
        default:
            // A macro, a filter block or an extension: kept, so that no known outline equals this one.
            return [.line(([.name(keyword)] + tokens).map(\.spelling).joined(separator: " "))]
        }
    }

    /// Whether a name or `messages`, which it is to stand for, gets another value later.
    private func isAssigned(_ name: String) -> Bool {
        parts.contains { part in
            guard case .statement(let tokens) = part,
                tokens.first == .name("set") || tokens.first == .name("for")
            else { return false }
            return tokens.dropFirst().first == .name(name) || tokens.dropFirst().first == .name("messages")
        }
    }

    private mutating func choice(_ tokens: ArraySlice<JinjaToken>, _ depth: Int) -> [OutlineNode]? {
        var branches: [OutlineNode.Branch] = []
        var condition: String? = JinjaExpression(tokens, aliases: aliases).spelling
        while true {
            guard let body = block(depth: depth + 1), case .statement(let tokens)? = parts.popFirst(),
                case .name(let keyword)? = tokens.first
            else { return nil }
            branches.append(OutlineNode.Branch(condition: condition, body: body))
            switch keyword {
            case "elif" where condition != nil:
                condition = JinjaExpression(tokens.dropFirst(), aliases: aliases).spelling
            case "else" where condition != nil && tokens.count == 1: condition = nil
            case "endif" where tokens.count == 1: return OutlineNode.simplified(branches)
            default: return nil
            }
        }
    }

    private mutating func end(_ keyword: String) -> Bool {
        guard case .statement(let tokens)? = parts.popFirst() else { return false }
        return tokens == [.name(keyword)]
    }
}
