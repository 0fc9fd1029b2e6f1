/// The classes of scalars that tiktoken's split pattern distinguishes.
enum ScalarClass: UInt8, Sendable {
    /// None of the others: punctuation, symbols, marks, controls, unassigned scalars.
    case other
    /// `\p{L}`
    case letter
    /// `\p{N}`
    case number
    /// `\s` without the two below.
    case space
    /// Line feed and carriage return.
    case lineEnd

    /// The classes by scalar value, up to the last that is not `.other`.
    ///
    /// From the reference's tables rather than Swift's, which may be of another Unicode version.
    static let table: [ScalarClass] = {
        let last = max(
            ScalarClassRanges.letters.last ?? 0, ScalarClassRanges.numbers.last ?? 0,
            ScalarClassRanges.spaces.last ?? 0)
        var table = [ScalarClass](repeating: .other, count: Int(last) + 1)
        for (bounds, value) in [
            (ScalarClassRanges.letters, ScalarClass.letter), (ScalarClassRanges.numbers, .number),
            (ScalarClassRanges.spaces, .space),
        ] {
            for index in stride(from: 0, to: bounds.count, by: 2) {
                for scalar in bounds[index]...bounds[index + 1] { table[Int(scalar)] = value }
            }
        }
        table[0x0A] = .lineEnd
        table[0x0D] = .lineEnd
        return table
    }()
}
