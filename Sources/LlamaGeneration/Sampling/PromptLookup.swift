/// Drafts tokens from the text itself: what followed the last earlier occurrence of the tokens it ends with (prompt
/// lookup decoding; Saxena 2023).
///
/// The longest n-gram that occurs earlier wins. Its occurrence may overlap the end: a draft that reaches the end of the
/// text goes on with itself, so that a period is drafted whole, however short it is.
package struct PromptLookup: Sendable {
    private let lengths: ClosedRange<Int>
    /// For each n-gram, by its hash, the position after its last occurrence that another token follows.
    private var index: [UInt64: Int32] = [:]
    /// How many tokens are in the index.
    private var indexedCount = 0

    /// - Parameter lengths: Shortest and longest n-grams that are looked up, from 1 on.
    package init(lengths: ClosedRange<Int> = 1...3) { self.lengths = lengths }

    /// Drafts what may follow `ids`.
    ///
    /// Takes time for the tokens that are new since the last call, and for the draft; not for those before.
    ///
    /// - Parameters:
    ///   - ids: Prompt and completion: those of the last call, and any number of new ones.
    ///   - count: Most tokens to draft.
    ///   - draft: Is replaced; empty where nothing was found.
    package mutating func draft(_ ids: Span<Int32>, count: Int, into draft: inout [Int32]) {
        draft.removeAll(keepingCapacity: true)
        extend(ids)
        guard count > 0, let start = lastOccurrence(ids) else { return }
        for position in start..<start + count {
            draft.append(position < ids.count ? ids[position] : draft[position - ids.count])
        }
    }

    /// Adds the n-grams that have a token after them.
    private mutating func extend(_ ids: Span<Int32>) {
        while indexedCount < ids.count {
            for length in lengths where length <= indexedCount {
                index[Self.hash(ids, end: indexedCount, length: length)] = Int32(indexedCount)
            }
            indexedCount += 1
        }
    }

    /// Where the longest n-gram at the end occurred before: the position of the token that followed it.
    private func lastOccurrence(_ ids: Span<Int32>) -> Int? {
        for length in lengths.reversed() where length < ids.count {
            guard let found = index[Self.hash(ids, end: ids.count, length: length)].map(Int.init) else {
                continue
            }
            // Another n-gram may have the same hash.
            var isSame = found >= length && found < ids.count
            for offset in 1...length where isSame { isSame = ids[found - offset] == ids[ids.count - offset] }
            if isSame { return found }
        }
        return nil
    }

    /// A hash of the ids before `end` that is the same on every machine (as in SplitMix64).
    private static func hash(_ ids: Span<Int32>, end: Int, length: Int) -> UInt64 {
        var state = UInt64(length) &* 0xD134_2543_DE82_EF95
        for position in end - length..<end {
            state = (state ^ UInt64(UInt32(bitPattern: ids[position]))) &* 0x9E37_79B9_7F4A_7C15
            state ^= state >> 29
            state = state &* 0xBF58_476D_1CE4_E5B9
            state ^= state >> 32
        }
        return state
    }
}
