import LlamaTestSupport
import Testing

@testable import LlamaGeneration

struct TopSelectionTests {
    @Test(arguments: [0, 1, 2, 3, 8, 64, 100])
    func agreesWithSorting(capacity: Int) {
        var random = SeededGenerator(seed: capacity)
        var selection = TopSelection<TokenLogprob>()
        // One selection for all trials: nothing is left of the one before. Whole numbers, so that there are ties.
        for trial in 0..<20 {
            let tokens = (0..<64).map {
                TokenLogprob(id: Int32($0), logprob: Float(Int.random(in: 0...trial, using: &random)))
            }
            selection.reset(capacity: capacity)
            for token in tokens.shuffled(using: &random) { selection.insert(token) }
            let expected = tokens.sorted { $0.ranks(above: $1) }.prefix(capacity)
            if capacity > 0, capacity <= 64 { #expect(selection.lowest == expected.last) }
            selection.sort()
            #expect(selection.elements == Array(expected))
        }
    }
}
