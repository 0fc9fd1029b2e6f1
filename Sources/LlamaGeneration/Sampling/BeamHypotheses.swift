import Glibc

/// The best finished sequences of a beam search.
struct BeamHypotheses {
    /// A finished sequence.
    struct Entry: Equatable {
        /// Its last token, in the tree of tokens.
        let node: Int
        /// Its log-probability divided by its length to the power of the length penalty.
        let score: Float
        /// Whether it ended because it may not be longer.
        let isCut: Bool
    }

    /// Best first; of equal scores, the one that finished first.
    private(set) var entries: [Entry] = []
    private let capacity: Int
    private let lengthPenalty: Float

    /// - Parameter capacity: How many are kept.
    init(capacity: Int, lengthPenalty: Float) {
        self.capacity = capacity
        self.lengthPenalty = lengthPenalty
        entries.reserveCapacity(capacity)
    }

    var isFull: Bool { entries.count == capacity }

    /// The score of a sequence of `length` generated tokens, its stop token included.
    func score(logprob: Float, length: Int) -> Float {
        Float(Double(logprob) / pow(Double(length), Double(lengthPenalty)))
    }

    /// Whether a sequence of this score is among the best.
    func accepts(_ score: Float) -> Bool {
        guard isFull, let worst = entries.last else { return true }
        return score > worst.score
    }

    /// Inserts a sequence that ``accepts(_:)`` was asked for.
    mutating func insert(node: Int, score: Float, isCut: Bool) {
        if isFull { entries.removeLast() }
        let rank = entries.firstIndex { $0.score < score } ?? entries.count
        entries.insert(Entry(node: node, score: score, isCut: isCut), at: rank)
    }

    /// Whether a running sequence may still be better than the worst of them, by the rule of `earlyStopping`.
    ///
    /// - Parameters:
    ///   - logprob: Of the best running sequence.
    ///   - length: How many tokens it has generated.
    ///   - limit: How many it may generate.
    func mayImprove(
        logprob: Float, length: Int, limit: Int, _ earlyStopping: CandidateOptions.EarlyStopping
    ) -> Bool {
        guard isFull, let worst = entries.last else { return true }
        // Log-probabilities only decrease; a score can increase as the length that divides them does.
        let best = earlyStopping == .never && lengthPenalty > 0 ? limit : length
        return score(logprob: logprob, length: best) > worst.score
    }
}
