/// A rule that cuts a text into pieces which are merged each by itself: a pre-tokenizer of a `tokenizer.json`.
enum TextSplit: Sendable {
    /// What becomes of the matches of a pattern (`SplitDelimiterBehavior`).
    enum Behavior: String, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// Which pieces get the mark of a space put in front.
    enum PrependScheme: String, Sendable {
        case always
        case first
        case never
    }

    /// Cuts at the matches of a pattern, or with `inverts` at what is between them.
    case split(TextPattern, Behavior, inverts: Bool)
    /// Puts `mark` in the place of spaces and in front, and cuts before it.
    case metaspace(mark: [UInt8], PrependScheme, splits: Bool)
    /// Puts a space in front of a piece that does not begin with one.
    case prefixSpace

    /// The rules of a component, one after the other, and whether the pieces are then merged from bytes.
    static func rules(
        _ component: Component
    ) throws(ComponentError) -> (rules: [TextSplit], isByteLevel: Bool) {
        var rules: [TextSplit] = []
        let parts = try component.flattened("pretokenizers")
        for (index, part) in parts.enumerated() {
            switch part.type {
            case "Split": rules.append(try split(part))
            case "Digits":
                let digit = PatternNode.set(ScalarSet.numeric)
                let run = PatternNode.repetition(digit, minimum: 1, maximum: nil, isPossessive: true)
                let isSingle = try part.flag("individual_digits", default: false)
                rules.append(.split(try program(isSingle ? digit : run, of: part), .isolated, inverts: false))
            case "Metaspace": rules.append(try metaspace(part))
            case "ByteLevel":
                guard index == parts.count - 1 else { throw part.unsupported("before another pre-tokenizer") }
                if try part.flag("add_prefix_space", default: true) { rules.append(.prefixSpace) }
                if try part.flag("use_regex", default: true) {
                    let pattern = try program(try Self.gpt2(part), of: part)
                    rules.append(.split(pattern, .isolated, inverts: false))
                }
                return (rules, true)
            default: throw part.unsupported()
            }
        }
        return (rules, false)
    }

    private static func split(_ component: Component) throws(ComponentError) -> TextSplit {
        let name = try component.string("behavior")
        guard let behavior = Behavior(rawValue: name) else {
            throw component.unsupported("with behavior \(name)")
        }
        return .split(
            try component.pattern(), behavior, inverts: try component.flag("invert", default: false))
    }

    private static func metaspace(_ component: Component) throws(ComponentError) -> TextSplit {
        let mark = try component.string("replacement")
        // Before tokenizers 0.19 a flag stood for the scheme.
        let flag = try component.flag("add_prefix_space", default: true)
        let name =
            component.value["prepend_scheme"] == nil
            ? (flag ? "always" : "never") : try component.string("prepend_scheme")
        guard let scheme = PrependScheme(rawValue: name) else {
            throw component.unsupported("with prepend_scheme \(name)")
        }
        guard mark.unicodeScalars.count == 1 else { throw component.unsupported("with the mark \"\(mark)\"") }
        return .metaspace(
            mark: Array(mark.utf8), scheme, splits: try component.flag("split", default: true))
    }

    private static func program(
        _ node: PatternNode, of component: Component
    ) throws(ComponentError) -> TextPattern {
        do { return .program(try PatternProgram(node)) } catch { throw component.unsupported(error.found) }
    }

    /// The pattern of GPT-2, which `ByteLevel` splits by.
    static let gpt2Pattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    private static func gpt2(_ component: Component) throws(ComponentError) -> PatternNode {
        do { return try PatternParser.parse(gpt2Pattern) } catch { throw component.unsupported(error.found) }
    }
}

extension TextSplit.Behavior {
    /// Hands the pieces that the stretches of a text make, none of them empty, to `body`
    /// (`NormalizedString::split`).
    func pieces(
        of text: UnsafeBufferPointer<UInt8>, by pattern: TextPattern, inverts: Bool,
        _ body: (Range<Int>) -> Void
    ) {
        switch self {
        case .isolated: pattern.segments(of: text) { range, _ in body(range) }
        case .removed:
            pattern.segments(of: text) { range, isMatch in
                if isMatch == inverts { body(range) }
            }
        case .mergedWithPrevious, .mergedWithNext, .contiguous:
            var segments: [(range: Range<Int>, isMatch: Bool)] = []
            pattern.segments(of: text) { segments.append(($0, $1 != inverts)) }
            for piece in merged(segments) { body(piece) }
        }
    }

    private func merged(_ segments: [(range: Range<Int>, isMatch: Bool)]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var previousIsMatch = false
        let isReversed = self == .mergedWithNext
        for (range, isMatch) in isReversed ? segments.reversed() : segments {
            let joins = self == .contiguous ? isMatch == previousIsMatch : isMatch && !previousIsMatch
            if joins, let last = pieces.popLast() {
                pieces.append(
                    min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound))
            } else {
                pieces.append(range)
            }
            previousIsMatch = isMatch
        }
        return isReversed ? pieces.reversed() : pieces
    }
}
