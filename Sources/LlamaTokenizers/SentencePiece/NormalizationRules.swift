/// Checks a model's `precompiled_charsmap`: a trie of source strings whose values point into a table of
/// NUL-terminated replacements.
///
/// The library walks the trie without checking its bounds, so a crafted model would make it read out of bounds at the
/// first text. The trie is a double array as darts-clone writes it: `UInt32` units, in which bits 0–7 are the label, bit 8
/// says that a value follows, bits 10–30 (shifted by 8 if bit 9 is set) lead to the children, and bit 31 marks a value.
enum NormalizationRules {
    /// The library has room for this many matches at one position (`Normalizer::kMaxTrieResultsSize`), and relies on there
    /// being no more.
    static let maximumMatches = 32

    /// Bounds the memory for a normalized text, in bytes per character. Unicode's longest replacement has 33 bytes (U+FDFA
    /// under NFKC).
    static let maximumReplacementLength = 4096

    typealias Damage = ProtobufReader.Damage

    /// Checks the whole of the rules.
    ///
    /// - Parameter blob: the trie's size in bytes (`UInt32`, little-endian), the trie, the replacements.
    static func check(_ blob: ArraySlice<UInt8>) throws(Damage) {
        func damage(_ what: String) -> Damage {
            Damage(what: "the normalization rules are damaged: \(what)", offset: blob.startIndex)
        }
        guard blob.count > 4 else { throw damage("\(blob.count) bytes are too few") }
        let trieSize = Int(littleEndian(blob.prefix(4)))
        guard trieSize > 0, trieSize % 4 == 0, trieSize < blob.count - 4 else {
            throw damage("a search tree of \(trieSize) bytes in \(blob.count)")
        }
        let replacements = blob.dropFirst(4 + trieSize)
        guard replacements.last == 0, replacements.isUTF8 else {
            throw damage("the replacements are not NUL-terminated UTF-8")
        }
        guard replacements.split(separator: 0).allSatisfy({ $0.count <= maximumReplacementLength }) else {
            throw damage("a replacement is longer than \(maximumReplacementLength) bytes")
        }
        let trie = blob.dropFirst(4).prefix(trieSize)
        var check = TrieCheck(
            units: stride(from: trie.startIndex, to: trie.endIndex, by: 4).map {
                littleEndian(trie[$0..<($0 + 4)])
            },
            valueLimit: replacements.count)
        if let fault = check.run() { throw damage(fault) }
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Walks every path of a double array.
private struct TrieCheck {
    private enum State: Equatable {
        case unseen
        case open
        /// The most values on one path from this unit down.
        case closed(matches: Int)
    }

    let units: [UInt32]
    /// Values must be below this.
    let valueLimit: Int
    private var states: [State]

    init(units: [UInt32], valueLimit: Int) {
        self.units = units
        self.valueLimit = valueLimit
        states = Array(repeating: .unseen, count: units.count)
    }

    /// Returns what is wrong, or nil.
    ///
    /// Uses a stack of its own rather than recursion: a crafted trie may be as deep as the file is long.
    mutating func run() -> String? {
        var path: [(unit: Int, matches: Int, label: Int)] = [(0, 0, 1)]
        states[0] = .open
        while let step = path.last {
            let base = step.unit ^ offset(of: units[step.unit])
            if step.label == 1, let fault = fault(at: step.unit, base: base) { return fault }
            guard step.label <= 255 else {
                let matches = step.matches + (hasValue(units[step.unit]) ? 1 : 0)
                // The root's value is never used.
                guard matches <= NormalizationRules.maximumMatches else {
                    return "too many rules match at once"
                }
                states[step.unit] = .closed(matches: matches)
                path.removeLast()
                if let parent = path.indices.last {
                    path[parent].matches = max(path[parent].matches, matches)
                }
                continue
            }
            path[path.count - 1].label += 1
            let child = base ^ step.label
            guard units[child] & 0x8000_00FF == UInt32(step.label) else { continue }
            switch states[child] {
            case .unseen:
                states[child] = .open
                path.append((child, 0, 1))
            case .open: return "the search tree has a cycle"
            case .closed(let matches): path[path.count - 1].matches = max(step.matches, matches)
            }
        }
        return nil
    }

    /// Checks that no label leads outside the array, and that the unit's value is an offset into the replacements.
    private func fault(at unit: Int, base: Int) -> String? {
        guard base | 0xFF < units.count else { return "the search tree leads outside itself" }
        guard hasValue(units[unit]) else { return nil }
        guard Int(units[base] & 0x7FFF_FFFF) < valueLimit else { return "a rule has no replacement" }
        return nil
    }

    private func offset(of unit: UInt32) -> Int {
        Int((unit >> 10) << ((unit & 0x200) >> 6))
    }

    private func hasValue(_ unit: UInt32) -> Bool {
        unit >> 8 & 1 == 1
    }
}
