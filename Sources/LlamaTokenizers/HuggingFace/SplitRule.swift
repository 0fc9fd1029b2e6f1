import LlamaJSON

/// A rule that splits a text into words, each of which is merged on its own: a pre-tokenizer of a `tokenizer.json`.
enum SplitRule: Sendable {
    /// How the matches of a pattern split a text (`SplitDelimiterBehavior`).
    enum Behavior: String, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// Which words get a space mark in front.
    enum PrependScheme: String, Sendable {
        case always
        case first
        case never
    }

    /// Splits at the matches of a pattern or, with `inverts`, at the text between them.
    case split(TextPattern, Behavior, inverts: Bool)
    /// Replaces spaces by `mark`, puts it in front of the text, and splits before each.
    case metaspace(mark: [UInt8], PrependScheme, splits: Bool)
    /// Puts a space in front of a word that does not begin with one.
    case prefixSpace

    /// The rules of a component, in order, and whether words are merged from bytes.
    static func rules(
        _ component: Component
    ) throws(ComponentError) -> (rules: [SplitRule], isByteLevel: Bool) {
        var rules: [SplitRule] = []
        let children = try component.flattened("pretokenizers")
        for (index, child) in children.enumerated() {
            switch child.type {
            case "Split": rules.append(try split(child))
            case "Digits":
                let areSingle = try child.flag("individual_digits", default: false)
                do { rules.append(try digits(areSingle: areSingle)) } catch {
                    throw child.unsupported(error.found)
                }
            case "Metaspace": rules.append(try metaspace(child))
            case "ByteLevel":
                guard index == children.count - 1 else {
                    throw child.unsupported("before another pre-tokenizer")
                }
                if try child.flag("add_prefix_space", default: true) { rules.append(.prefixSpace) }
                if try child.flag("use_regex", default: true) {
                    do { rules.append(try .isolated(gpt2Pattern)) } catch {
                        throw child.unsupported(error.found)
                    }
                }
                return (rules, true)
            default: throw child.unsupported()
            }
        }
        return (rules, false)
    }

    private static func split(_ component: Component) throws(ComponentError) -> SplitRule {
        let name = try component.string("behavior")
        guard let behavior = Behavior(rawValue: name) else {
            throw component.unsupported("with behavior \(name)")
        }
        return .split(
            try component.pattern(), behavior, inverts: try component.flag("invert", default: false))
    }

    private static func metaspace(_ component: Component) throws(ComponentError) -> SplitRule {
        let mark = try component.string("replacement")
        // Before tokenizers 0.19 a flag chose the scheme.
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

    /// Makes each match of a regular expression a piece.
    static func isolated(_ regex: String) throws(PatternError) -> SplitRule {
        .split(try TextPattern(regex: regex), .isolated, inverts: false)
    }

    /// Makes each digit, or each run of digits, a piece (`Digits`).
    static func digits(areSingle: Bool) throws(PatternError) -> SplitRule {
        let digit = PatternNode.set(ScalarSet.numeric)
        let run = PatternNode.repetition(digit, minimum: 1, maximum: nil, isPossessive: true)
        return .split(.program(try PatternProgram(areSingle ? digit : run)), .isolated, inverts: false)
    }

    /// GPT-2's pattern, by which `ByteLevel` splits.
    static let gpt2Pattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
}

extension SplitRule.Behavior {
    /// Passes the words of a text, none of them empty, to `body` (`NormalizedString::split`).
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
