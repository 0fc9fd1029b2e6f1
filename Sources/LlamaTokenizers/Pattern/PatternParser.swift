/// Reads a pattern in the syntax of Oniguruma, which Hugging Face's tokenizers use: literals, classes with ranges
/// and Unicode properties, groups, case-insensitive groups, alternatives, greedy and possessive repetitions, atomic
/// groups, look-ahead and `$`. What tokenizer files do not use (back references, look-behind, lazy repetition) is refused
/// by name.
struct PatternParser {
    /// The deepest nesting of groups and repetitions.
    private static let maximumDepth = 64
    /// The longest pattern, in scalars.
    private static let maximumLength = 4096
    /// The most classes of a pattern, each of which is a large table.
    private static let maximumSetCount = 256
    /// The largest count of a repetition.
    static let maximumCount = 1000

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private var sets: [String: ScalarSet] = [:]

    /// Parses a whole pattern.
    static func parse(_ pattern: String) throws(PatternError) -> PatternNode {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars))
        guard parser.scalars.count <= maximumLength else {
            throw parser.error("more than \(maximumLength) characters")
        }
        let node = try parser.choice()
        guard parser.next == nil else { throw parser.error("an unmatched closing parenthesis") }
        guard parser.sets.count <= maximumSetCount else {
            throw parser.error("more than \(maximumSetCount) classes")
        }
        return node
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func error(_ found: String) -> PatternError { PatternError(found: found, position: position) }

    private mutating func consume(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    // MARK: Structure

    private mutating func choice() throws(PatternError) -> PatternNode {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw error("more than \(Self.maximumDepth) levels of groups")
        }
        defer { depth -= 1 }
        var options = [try sequence()]
        while consume("|") { options.append(try sequence()) }
        return options.count == 1 ? options[0] : .choice(options)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try repeated()) }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repeated() throws(PatternError) -> PatternNode {
        var node = try atom()
        let outerDepth = depth
        defer { depth = outerDepth }
        while let (minimum, maximum, isInterval) = try count() {
            depth += 1
            guard depth <= Self.maximumDepth else {
                throw error("more than \(Self.maximumDepth) levels of repetitions")
            }
            if next == "?" { throw error("a lazy repetition") }
            if isInterval, next == "+" { throw error("a repetition of a repetition") }
            let isPossessive = consume("+")
            switch node {
            case .lookahead, .lineEnd: throw error("a repetition of something that matches no text")
            default: break
            }
            if maximum == nil, node.canBeEmpty {
                throw error("an unbounded repetition of something that may be empty")
            }
            node = .repetition(node, minimum: minimum, maximum: maximum, isPossessive: isPossessive)
        }
        return node
    }

    private mutating func count() throws(PatternError) -> (Int, Int?, isInterval: Bool)? {
        if consume("*") { return (0, nil, false) }
        if consume("+") { return (1, nil, false) }
        if consume("?") { return (0, 1, false) }
        guard next == "{" else { return nil }
        let start = position
        position += 1
        let minimum = try number()
        var maximum = minimum
        if consume(",") { maximum = try number() }
        guard consume("}"), minimum != nil || maximum != nil else {
            position = start
            throw error("a brace that is not a repetition")
        }
        guard (minimum ?? 0) <= (maximum ?? .max) else {
            throw error("a repetition with its bounds reversed")
        }
        return (minimum ?? 0, maximum, true)
    }

    private mutating func number() throws(PatternError) -> Int? {
        var value: Int?
        while let digit = next?.properties.numericType == .decimal ? next.flatMap({ Int(String($0)) }) : nil {
            value = (value ?? 0) * 10 + digit
            guard value ?? 0 <= Self.maximumCount else {
                throw error("a repetition of more than \(Self.maximumCount)")
            }
            position += 1
        }
        return value
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        guard let scalar = next else { return .sequence([]) }
        switch scalar {
        case "(": return try group()
        case "[": return .set(try characterClass())
        case ".":
            position += 1
            return .set(named("[^\n]") { ScalarSet(ranges: [0x0A...0x0A]).inverted })
        case "*", "+", "?", "{": throw error("a repetition of nothing")
        case "$":
            position += 1
            return .lineEnd
        case "^": throw error("the anchor ^")
        case "\\": return .set(folded(try escape()))
        default:
            position += 1
            return .set(folded(ScalarSet(ranges: [scalar.value...scalar.value])))
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        let outerCase = ignoresCase
        defer { ignoresCase = outerCase }
        var wrap: (PatternNode) -> PatternNode = { $0 }
        if consume("(?i:") {
            ignoresCase = true
        } else if consume("(?:") {
        } else if consume("(?=") {
            wrap = { .lookahead($0, isNegative: false) }
        } else if consume("(?!") {
            wrap = { .lookahead($0, isNegative: true) }
        } else if consume("(?>") {
            wrap = { .atomic($0) }
        } else if scalars[position...].starts(with: "(?<".unicodeScalars) {
            throw error("a look-behind or a named group")
        } else if scalars[position...].starts(with: "(?".unicodeScalars) {
            throw error("a group of an unknown kind")
        } else {
            position += 1
        }
        let node = try choice()
        guard consume(")") else { throw error("a group without an end") }
        return wrap(node)
    }

    // MARK: Scalars

    /// `[…]`, whose bracket is next.
    private mutating func characterClass() throws(PatternError) -> ScalarSet {
        let start = position
        position += 1
        let isInverted = consume("^")
        var set = ScalarSet(ranges: [])
        var isFirst = true
        while let scalar = next, scalar != "]" || isFirst {
            isFirst = false
            if scalar == "[" { throw error("a class within a class") }
            if scalar == "&", position + 1 < scalars.count, scalars[position + 1] == "&" {
                throw error("an intersection of classes")
            }
            set.formUnion(try classMember())
        }
        guard consume("]") else { throw error("a class without an end") }
        let source = String(String.UnicodeScalarView(scalars[start..<position]))
        set = folded(set)
        return named((ignoresCase ? "i" : "") + source) { isInverted ? set.inverted : set }
    }

    /// A scalar, a range of them or a class with a backslash.
    private mutating func classMember() throws(PatternError) -> ScalarSet {
        let first = try classAtom()
        let rangeFollows =
            next == "-" && position + 1 < scalars.count && scalars[position + 1] != "]" && first.single != nil
        guard rangeFollows, let low = first.single else { return first }
        position += 1
        guard let high = try classAtom().single, high >= low else { throw error("a range without an end") }
        return ScalarSet(ranges: [low...high])
    }

    private mutating func classAtom() throws(PatternError) -> ScalarSet {
        guard let scalar = next else { throw error("a class without an end") }
        if scalar == "\\" { return try escape() }
        position += 1
        return ScalarSet(ranges: [scalar.value...scalar.value])
    }

    /// The class of an escape, whose backslash is next.
    private mutating func escape() throws(PatternError) -> ScalarSet {
        let start = position
        position += 1
        guard let scalar = next else { throw error("a backslash at the end") }
        position += 1
        if let control = Self.controls[scalar] { return ScalarSet(ranges: [control...control]) }
        switch scalar {
        case "s", "S": return named("\\s") { ScalarSet.whiteSpace }.inverted(if: scalar == "S")
        case "d", "D": return named("\\d") { ScalarSet(property: "Nd") ?? .none }.inverted(if: scalar == "D")
        case "w", "W": return named("\\w") { ScalarSet.word }.inverted(if: scalar == "W")
        case "p", "P": return try property(isInverted: scalar == "P", from: start)
        case "x": return try hexadecimal(digits: 2)
        case "u": return try hexadecimal(digits: 4)
        default:
            let isWord = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            guard !isWord else {
                position = start
                throw error("the escape \\\(scalar)")
            }
            return ScalarSet(ranges: [scalar.value...scalar.value])
        }
    }

    private static let controls: [Unicode.Scalar: UInt32] = [
        "n": 0x0A, "r": 0x0D, "t": 0x09, "f": 0x0C, "v": 0x0B, "a": 0x07, "e": 0x1B,
    ]

    /// `\p{Name}`, `\p{^Name}` or `\P{Name}`; the letter has been read.
    private mutating func property(isInverted: Bool, from start: Int) throws(PatternError) -> ScalarSet {
        guard consume("{") else { throw error("a property without a name") }
        let isInverted = consume("^") != isInverted
        let rest = scalars[position...]
        guard let end = rest.firstIndex(of: "}") else { throw error("a property without an end") }
        let name = String(String.UnicodeScalarView(rest[..<end]))
        position = end + 1
        let key = "\\p{\(name)}"
        guard let set = sets[key] ?? ScalarSet(property: name) else {
            position = start
            throw error("the property \(key)")
        }
        sets[key] = set
        return set.inverted(if: isInverted)
    }

    private mutating func hexadecimal(digits: Int) throws(PatternError) -> ScalarSet {
        let isBraced = digits == 2 && consume("{")
        var value: UInt32 = 0
        var count = 0
        while let digit = next.flatMap({ Character($0).hexDigitValue }), count < (isBraced ? 8 : digits) {
            value = value << 4 | UInt32(digit)
            position += 1
            count += 1
        }
        guard count > 0, !isBraced || consume("}"), isBraced || count == digits, Unicode.Scalar(value) != nil
        else {
            throw error("a malformed code point")
        }
        guard isBraced || digits == 4 || value < 0x80 else { throw error("a byte that is not a character") }
        return ScalarSet(ranges: [value...value])
    }

    /// The set of that name, built once: sets are large, and patterns repeat them.
    private mutating func named(_ name: String, _ make: () -> ScalarSet) -> ScalarSet {
        if let set = sets[name] { return set }
        let set = make()
        sets[name] = set
        return set
    }

    private func folded(_ set: ScalarSet) -> ScalarSet { ignoresCase ? set.withCaseVariants : set }
}
