import LlamaTestSupport
import Testing

@testable import LlamaGeneration

struct PromptLookupTests {
    static func draft(_ ids: [Int32], _ count: Int, lengths: ClosedRange<Int> = 1...3) -> [Int32] {
        var lookup = PromptLookup(lengths: lengths)
        var draft: [Int32] = [99]
        lookup.draft(ids.span, count: count, into: &draft)
        return draft
    }

    @Test(
        arguments: [
            ([], 4, []), ([5], 4, []), ([1, 2, 3], 4, []), ([1, 2, 1], 0, []),
            // The last occurrence, and the longest n-gram, although a shorter one occurred later.
            ([1, 5, 1, 6, 1], 1, [6]), ([1, 2, 3, 7, 9, 3, 8, 1, 2, 3], 2, [7, 9]),
            // A period is drafted to the end.
            ([4, 4], 3, [4, 4, 4]), ([1, 2, 3, 1, 2], 5, [3, 1, 2, 3, 1]),
        ] as [([Int32], Int, [Int32])])
    func draftsWhatFollowedBefore(ids: [Int32], count: Int, expected: [Int32]) {
        #expect(Self.draft(ids, count) == expected)
    }

    @Test func looksUpNGramsOfTheLengthsAsked() {
        #expect(Self.draft([1, 2, 3, 1, 5, 1], 1, lengths: 2...3) == [])
        #expect(Self.draft([1, 2, 3, 9, 2, 3, 4, 1, 2, 3], 1, lengths: 1...2) == [4])
        #expect(Self.draft([1, 2, 3, 9, 2, 3, 4, 1, 2, 3], 1, lengths: 1...3) == [9])
    }

    @Test(arguments: [1...1, 1...3, 2...4, 3...3])
    func agreesWithANaiveSearchHoweverTheIdsArrive(lengths: ClosedRange<Int>) {
        var random = SeededGenerator(state: 31)
        var found = 0
        for _ in 0..<60 {
            var lookup = PromptLookup(lengths: lengths)
            var ids: [Int32] = []
            var draft: [Int32] = []
            for _ in 0..<20 {
                for _ in 0..<Int.random(in: 0...4, using: &random) {
                    ids.append(Int32.random(in: 0...3, using: &random))
                }
                let count = Int.random(in: 0...6, using: &random)
                lookup.draft(ids.span, count: count, into: &draft)
                #expect(draft == Self.naive(ids, count, lengths))
                found += draft.isEmpty ? 0 : 1
            }
        }
        #expect(found > 150)
    }

    private static func naive(_ ids: [Int32], _ count: Int, _ lengths: ClosedRange<Int>) -> [Int32] {
        for length in lengths.reversed() where length < ids.count {
            let suffix = ids.suffix(length)
            for end in (length..<ids.count).reversed() where ids[(end - length)..<end].elementsEqual(suffix) {
                var text = ids
                while text.count < ids.count + count { text.append(text[end + text.count - ids.count]) }
                return Array(text[ids.count...])
            }
        }
        return []
    }
}
