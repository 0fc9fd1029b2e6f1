import Glibc
import LlamaTestSupport
import Testing

@testable import LlamaGeneration

struct TokenLogprobsTests {
    @Test(arguments: [0, 1, 2, 5, 50, 51, 1000])
    func agreesWithSortingAndSoftmax(count: Int) {
        var random = SeededGenerator(state: UInt64(count))
        // Whole numbers, so that there are ties.
        let logits = (0..<50).map { _ in Float(Int.random(in: -6...6, using: &random)) }
        let normalizer = log(logits.map { exp(Double($0)) }.reduce(0, +))
        let result = TokenLogprobs(logits.span, normalizer: normalizer, token: 8, top: count)
        let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }.prefix(count)
        #expect(result.token == Float(Double(logits[8]) - normalizer))
        #expect(result.top.map(\.id) == order.map(Int32.init))
        #expect(result.top.map(\.logprob) == order.map { Float(Double(logits[$0]) - normalizer) })
    }

    @Test func keepsItsPrecisionFarFromZero() {
        let logits: [Float] = [10_000, 10_001]
        let normalizer = 10_001 + log1p(exp(-1.0))
        let result = TokenLogprobs(logits.span, normalizer: normalizer, token: 0, top: 0)
        #expect(abs(result.token - Float(-1 - log1p(exp(-1.0)))) < 1e-6)
    }

    @Test func anImpossibleTokenHasMinusInfinity() {
        let result = TokenLogprobs(([0, -.infinity] as [Float]).span, normalizer: 0, token: 1, top: 2)
        #expect(result.token == -.infinity)
        #expect(result.top.map(\.id) == [0, 1])
    }
}
