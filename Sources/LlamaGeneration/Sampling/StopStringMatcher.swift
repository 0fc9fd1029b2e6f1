/// Finds stop strings in text that arrives in pieces, and never shows them.
///
/// The match that is complete first wins; of several that are complete with the same byte, the longest, which begins
/// first. So a result does not depend on how the text is cut into pieces, and no text is waited for that cannot change it.
/// Comparison is by bytes of UTF-8: a stop string may end within a grapheme cluster, and is not normalized.
///
/// Every byte advances one automaton per stop string (Knuth, Morris and Pratt 1977).
package struct StopStringMatcher: Sendable {
    private var patterns: [Pattern]
    /// Text that may be the beginning of a stop string; it begins and ends at a character.
    private var held: [UInt8] = []
    /// Index of the stop string that was found, in the list given.
    package private(set) var match: Int?

    /// - Parameter stops: Empty ones are ignored.
    package init(_ stops: [String]) {
        patterns = stops.enumerated().filter { !$0.element.isEmpty }
            .map { Pattern(index: $0.offset, bytes: Array($0.element.utf8)) }
    }

    /// How many bytes are held back, as they may be the beginning of a stop string.
    package var heldBackBytes: Int { held.count }

    /// Appends text, and returns what is certain to be shown by now; nothing once ``match`` is set.
    package mutating func append(_ text: String) -> String {
        guard match == nil else { return "" }
        guard !patterns.isEmpty else { return text }
        for byte in text.utf8 {
            held.append(byte)
            guard let pattern = advance(byte) else { continue }
            match = pattern.index
            let shown = take(held.count - pattern.bytes.count)
            held.removeAll()
            return shown
        }
        return take(held.count - (patterns.lazy.map(\.matched).max() ?? 0))
    }

    /// The text still held back, once there is no more to come.
    package mutating func finish() -> String { take(held.count) }

    /// Advances all automata; returns the longest stop string that is complete with this byte.
    private mutating func advance(_ byte: UInt8) -> Pattern? {
        var longest: Pattern?
        for index in patterns.indices {
            patterns[index].advance(byte)
            if patterns[index].isComplete, patterns[index].matched > longest?.matched ?? 0 {
                longest = patterns[index]
            }
        }
        return longest
    }

    /// Removes bytes from the front of ``held``.
    private mutating func take(_ count: Int) -> String {
        defer { held.removeFirst(count) }
        return String(decoding: held[..<count], as: UTF8.self)
    }
}

/// A stop string, and how much of it the text so far ends with.
private struct Pattern: Sendable {
    let index: Int
    let bytes: [UInt8]
    /// For each prefix, the length of its longest proper suffix that is a prefix as well.
    private let borders: [Int]
    private(set) var matched = 0

    init(index: Int, bytes: [UInt8]) {
        self.index = index
        self.bytes = bytes
        var borders = [0]
        for byte in bytes.dropFirst() {
            var length = borders[borders.count - 1]
            while length > 0, bytes[length] != byte { length = borders[length - 1] }
            borders.append(bytes[length] == byte ? length + 1 : 0)
        }
        self.borders = borders
    }

    var isComplete: Bool { matched == bytes.count }

    /// Must not be called once it is complete.
    mutating func advance(_ byte: UInt8) {
        while matched > 0, bytes[matched] != byte { matched = borders[matched - 1] }
        if bytes[matched] == byte { matched += 1 }
    }
}
