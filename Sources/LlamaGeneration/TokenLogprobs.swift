/// Log-probabilities at one position, of the model's own distribution (before temperature and top-p).
package struct TokenLogprobs: Sendable, Equatable {
    /// Of the token at this position.
    package let token: Float
    /// Of the likeliest tokens, likeliest first.
    package let top: [(id: Int32, logprob: Float)]

    /// - Parameters:
    ///   - logits: `[vocabularySize]`, the prediction for the position.
    ///   - normalizer: `log(sum(exp(logits)))`.
    ///   - count: How many of the likeliest tokens to report.
    init(_ logits: Span<Float>, normalizer: Double, token: Int32, top count: Int) {
        self.token = Float(Double(logits[Int(token)]) - normalizer)
        var best: [(id: Int32, logprob: Float)] = []
        for index in logits.indices where count > 0 {
            if best.count == count, logits[index] <= best[count - 1].logprob { continue }
            if best.count == count { best.removeLast() }
            let rank = best.firstIndex { $0.logprob < logits[index] } ?? best.count
            best.insert((Int32(index), logits[index]), at: rank)
        }
        top = best.map { ($0.id, Float(Double($0.logprob) - normalizer)) }
    }

    /// Compares ids and values.
    package static func == (left: TokenLogprobs, right: TokenLogprobs) -> Bool {
        left.token == right.token && left.top.elementsEqual(right.top, by: ==)
    }
}
