/// A split of the tokens of a text.
package enum DataSplit: String, Sendable, CaseIterable {
    /// The first 80 %.
    case training
    /// From 80 % to 90 %.
    case validation
    /// From 90 % on.
    case test
    /// All of them.
    case all

    /// The indices of the split's tokens.
    ///
    /// - Parameter count: the number of all tokens.
    package func range(of count: Int) -> Range<Int> {
        switch self {
        case .training: 0..<count * 8 / 10
        case .validation: count * 8 / 10..<count * 9 / 10
        case .test: count * 9 / 10..<count
        case .all: 0..<count
        }
    }
}
