/// What a chat template emits and under which conditions, in one form for all templates that differ only in spelling.
///
/// Two templates with the same outline render the same for every conversation without tools: an outline keeps every text
/// and every expression that is emitted, every assignment and every condition, in their order. What it removes has no
/// effect on such conversations: comments, white space in tags, the kind of quotes, how strings are cut into
/// pieces, the message of an exception, a second name of `messages`, and branches that only a conversation with tools
/// enters. It is a text, one line per statement, indented by depth.
struct TemplateOutline: Hashable {
    /// The lines.
    let lines: [String]

    /// An outline of these lines.
    init(lines: [String]) {
        self.lines = lines
    }

    /// The outline of a template; nil if its blocks or tags are malformed, or beyond 64 KiB.
    init?(_ template: String) {
        guard template.utf8.count <= 1 << 16, let parts = JinjaLexer.parts(of: template),
            let nodes = OutlineParser.nodes(of: parts)
        else { return nil }
        lines = OutlineNode.lines(of: nodes)
    }
}

/// A statement of a template.
indirect enum OutlineNode: Hashable {
    case emit(JinjaExpression.Term)
    case line(String)
    case choice([Branch])
    case loop(String, [OutlineNode])

    /// A branch of an `if`; the condition is nil for `else`.
    struct Branch: Hashable {
        let condition: String?
        var body: [OutlineNode] = []
    }

    /// Conditions whose value is known where a conversation has no tools, no custom variables, and
    /// `add_generation_prompt` is always given.
    private static let known: [String: Bool] = [
        "tools": false, "tools is not none": false, "not tools is none": false, "tools is defined": false,
        "tools is defined and tools is not none": false, "tools is defined and tools": false,
        "custom_tools is defined": false, "builtin_tools is defined": false,
        "builtin_tools is defined or tools is not none": false,
        "tools is not none and not tools_in_user_message": false,
        "tools_in_user_message and not tools is none": false,
        "not tools is defined": true, "not tools_in_user_message is defined": true,
        "not add_generation_prompt is defined": false, "add_generation_prompt is defined": true,
        #"not ( message . role == "ipython" or message . role == "tool" or "tool_calls" in message )"#: true,
    ]

    /// Assignments that change nothing but what ``known`` covers.
    private static let ignored: Set<String> = [
        "set tools = none", "set tools_in_user_message = true", "set tools_in_user_message = false",
    ]

    /// A choice without the branches that are known not to be taken.
    static func simplified(_ branches: [Branch]) -> [OutlineNode] {
        var kept: [Branch] = []
        for branch in branches {
            guard let condition = branch.condition, let value = known[condition] else {
                kept.append(branch)
                continue
            }
            if !value { continue }
            kept.append(Branch(condition: nil, body: branch.body))
            break
        }
        guard let first = kept.first else { return [] }
        return first.condition == nil ? first.body : [.choice(kept)]
    }

    /// The lines of statements, indented by two spaces per depth; literals next to each other are one.
    static func lines(of nodes: [OutlineNode], depth: Int = 0) -> [String] {
        let indent = String(repeating: "  ", count: depth)
        var lines: [String] = []
        var literal = ""
        func flush() {
            if !literal.isEmpty { lines.append(indent + "emit " + JinjaToken.quoted(literal)) }
            literal = ""
        }
        for node in nodes {
            if case .emit(.literal(let text)) = node {
                literal += text
                continue
            }
            flush()
            switch node {
            case .emit(let term): lines.append(indent + "emit " + term.spelling)
            case .line(let line): if !ignored.contains(line) { lines.append(indent + line) }
            case .loop(let head, let body): lines += [indent + head] + Self.lines(of: body, depth: depth + 1)
            case .choice(let branches):
                for (index, branch) in branches.enumerated() {
                    let head = branch.condition.map { (index == 0 ? "if " : "elif ") + $0 } ?? "else"
                    lines += [indent + head] + Self.lines(of: branch.body, depth: depth + 1)
                }
            }
        }
        flush()
        return lines
    }
}
