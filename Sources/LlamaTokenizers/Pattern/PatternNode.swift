/// The syntax tree of a pattern.
indirect enum PatternNode {
    /// One scalar of a set.
    case set(ScalarSet)
    /// One after the other; an empty sequence matches the empty text.
    case sequence([PatternNode])
    /// The first that leads to a match.
    case choice([PatternNode])
    /// From `minimum` to `maximum` times (nil for unbounded), as often as possible.
    case repetition(PatternNode, minimum: Int, maximum: Int?, isPossessive: Bool)
    /// What must, or must not, follow; matches no text itself.
    case lookahead(PatternNode, isNegative: Bool)
    /// The end of the text or of a line; matches no text itself.
    case lineEnd
    /// A group without backtracking into its match.
    case atomic(PatternNode)

    /// Whether it can match the empty text.
    var canBeEmpty: Bool {
        switch self {
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
        case .choice(let options): options.contains(where: \.canBeEmpty)
        case .repetition(let node, let minimum, _, _): minimum == 0 || node.canBeEmpty
        case .lookahead, .lineEnd: true
        case .atomic(let node): node.canBeEmpty
        }
    }
}

/// Why a pattern cannot be used.
struct PatternError: Error, Hashable {
    /// What was found, such as "a look-behind".
    let found: String
    /// The scalar of the pattern, counted from 0.
    let position: Int
}
