/// A token and its log-probability.
package struct TokenLogprob: Sendable, Equatable {
    /// The token.
    package let id: Int32
    /// Its log-probability.
    package let logprob: Float
}

extension TokenLogprob: Ranked {
    /// Likelier tokens first, the lower id on a tie.
    func ranks(above other: Self) -> Bool {
        logprob > other.logprob || (logprob == other.logprob && id < other.id)
    }
}

extension TopSelection<TokenLogprob> {
    /// Inserts all tokens of a vocabulary into an empty selection.
    mutating func insert(_ values: Span<Float>) {
        var threshold: Float?
        for index in values.indices {
            // Ids ascend, so an equal value does not displace an earlier one.
            if let threshold, values[index] <= threshold { continue }
            insert(TokenLogprob(id: Int32(index), logprob: values[index]))
            threshold = lowest?.logprob
        }
    }
}

/// Log-probabilities at one position, of the model's own distribution (before temperature and top-p).
package struct TokenLogprobs: Sendable, Equatable {
    /// Of the token at this position.
    package let token: Float
    /// Of the likeliest tokens, likeliest first.
    package let top: [TokenLogprob]

    /// - Parameters:
    ///   - logits: `[vocabularySize]`, the prediction for the position.
    ///   - normalizer: `log(sum(exp(logits)))`.
    ///   - count: How many of the likeliest tokens to report.
    init(_ logits: Span<Float>, normalizer: Double, token: Int32, top count: Int) {
        self.token = Float(Double(logits[Int(token)]) - normalizer)
        guard count > 0 else {
            top = []
            return
        }
        var selection = TopSelection<TokenLogprob>()
        selection.reset(capacity: min(count, logits.count))
        selection.insert(logits)
        selection.sort()
        for rank in selection.elements.indices {
            let entry = selection.elements[rank]
            selection.elements[rank] = TokenLogprob(
                id: entry.id, logprob: Float(Double(entry.logprob) - normalizer))
        }
        top = selection.elements
    }
}
