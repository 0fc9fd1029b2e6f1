/// Cuts a chat template into the text that it emits, its expressions and its statements.
///
/// White space around tags is treated as transformers does it: `trim_blocks` and `lstrip_blocks` are on, a hyphen in a tag
/// removes white space next to it, comments vanish, and one line end at the end of the template is left out.
/// Source: Jinja's "Template Designer Documentation", sections "Whitespace Control" and "Comments".
struct JinjaLexer {
    /// A part of a template.
    enum Part: Hashable {
        /// Text that is emitted as it is.
        case text(String)
        /// The tokens of `{{ … }}`.
        case output([JinjaToken])
        /// The tokens of `{% … %}`.
        case statement([JinjaToken])
    }

    private var scalars: [Unicode.Scalar]
    private var position = 0
    private var parts: [Part] = []
    private var text: [Unicode.Scalar] = []

    /// The parts of a template; nil if a tag does not end, or has a token that is not known here.
    static func parts(of template: String) -> [Part]? {
        var lexer = JinjaLexer(template)
        return lexer.run() ? lexer.parts : nil
    }

    private init(_ template: String) {
        // Jinja reads every kind of line end as one.
        scalars = []
        for scalar in template.unicodeScalars {
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            scalars.append(scalar)
        }
        scalars = scalars.map { $0 == "\r" ? "\n" : $0 }
        if scalars.last == "\n" { scalars.removeLast() }
    }

    private mutating func run() -> Bool {
        while position < scalars.count {
            let kind = position + 1 < scalars.count ? scalars[position + 1] : " "
            guard scalars[position] == "{", kind == "{" || kind == "%" || kind == "#" else {
                text.append(scalars[position])
                position += 1
                continue
            }
            guard tag(kind) else { return false }
        }
        endText()
        return true
    }

    private mutating func endText() {
        if !text.isEmpty {
            var string = ""
            string.unicodeScalars.append(contentsOf: text)
            parts.append(.text(string))
        }
        text = []
    }

    /// One tag, from its brace on; false if it is malformed.
    private mutating func tag(_ kind: Unicode.Scalar) -> Bool {
        let lineStart = lineStart()
        position += 2
        if next("-") {
            while let last = text.last, Self.isSpace(last) { text.removeLast() }
        } else if !next("+"), kind != "{", let lineStart {
            text.removeLast(text.count - lineStart)
        }
        endText()
        if kind == "#" { return comment() }
        var tokens: [JinjaToken] = []
        while true {
            while position < scalars.count, Self.isSpace(scalars[position]) { position += 1 }
            if end(kind == "{" ? "}" : "%") { break }
            guard let token = JinjaToken(scalars, at: &position) else { return false }
            tokens.append(token)
        }
        parts.append(kind == "{" ? .output(tokens) : .statement(tokens))
        return true
    }

    /// The length of the text before the line's indentation, if there is only indentation between its start and here.
    private func lineStart() -> Int? {
        let indentation = text.reversed().prefix { $0 == " " || $0 == "\t" }.count
        let start = text.count - indentation
        if start == 0 {
            // Something else may precede in the line.
            return position == indentation || scalars[position - indentation - 1] == "\n" ? 0 : nil
        }
        return text[start - 1] == "\n" ? start : nil
    }

    private mutating func comment() -> Bool {
        while position < scalars.count {
            if end("#") { return true }
            position += 1
        }
        return false
    }

    /// Whether the tag ends here, with its own last character and a brace; white space that it removes is skipped.
    private mutating func end(_ last: Unicode.Scalar) -> Bool {
        guard position < scalars.count else { return false }
        let removesAll = scalars[position] == "-"
        // In `{{ … }}` a plus sign is an operator.
        let keepsAll = scalars[position] == "+" && last != "}"
        let start = position + (removesAll || keepsAll ? 1 : 0)
        guard start + 1 < scalars.count, scalars[start] == last, scalars[start + 1] == "}" else {
            return false
        }
        position = start + 2
        if removesAll {
            while position < scalars.count, Self.isSpace(scalars[position]) { position += 1 }
        } else if last != "}", !keepsAll {
            _ = next("\n")
        }
        return true
    }

    private mutating func next(_ scalar: Unicode.Scalar) -> Bool {
        guard position < scalars.count, scalars[position] == scalar else { return false }
        position += 1
        return true
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        (0x09...0x0D).contains(scalar.value) || scalar == " "
    }
}
