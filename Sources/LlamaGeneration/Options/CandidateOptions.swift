/// How many completions of a prompt are computed and returned: independent samples, or beams.
package struct CandidateOptions: Sendable, Equatable {
    /// When a beam search ends, by the names of transformers' `early_stopping`.
    package enum EarlyStopping: String, Sendable, CaseIterable {
        /// As soon as there are as many finished sequences as beams.
        case always = "true"
        /// When the best running beam, with the length that it has now, scores no better than the worst finished sequence.
        case likely = "false"
        /// When no running beam can become better than the worst finished sequence.
        case never
    }

    /// How many completions are returned.
    package var n = 1
    /// How many are sampled; the `n` with the highest mean log-probability are returned. Nil for `n`.
    package var bestOf: Int?
    /// Width of the beam search; 1 for none. With beams, tokens are not sampled: temperature, top-k, top-p, min-p,
    /// typical-p and the seed have no effect.
    package var beams = 1
    /// A finished sequence's score is its log-probability divided by its length to this power; more than 0 favors long
    /// sequences.
    package var lengthPenalty: Float = 1
    /// When a beam search ends.
    package var earlyStopping = EarlyStopping.likely

    /// One completion.
    package init() {}

    /// Most samples and beams of a request.
    static let most = 1024

    /// Checks every value, and the values against each other and `sampling`.
    ///
    /// - Throws: ``OptionError`` for the first value that cannot be used.
    package func validate(_ sampling: SamplingOptions) throws(OptionError) {
        let range = 1...Self.most
        let words = "1 to \(Self.most)"
        try OptionError.require(range.contains(n), .n, words, "\(n)")
        try OptionError.require(range.contains(beams), .beams, words, "\(beams)")
        try OptionError.require(lengthPenalty.isFinite, .lengthPenalty, "a number", "\(lengthPenalty)")
        if let bestOf {
            try OptionError.require(range.contains(bestOf), .bestOf, words, "\(bestOf)")
            try OptionError.require(bestOf >= n, .bestOf, "at least n (\(n))", "\(bestOf)")
        }
        if beams > 1 {
            try OptionError.require(n <= beams, .n, "at most as many as beams (\(beams))", "\(n)")
            try OptionError.require(
                bestOf == nil, .bestOf, "none with beams", bestOf.map { "\($0)" } ?? "none")
        } else if sampling.temperature == 0 {
            let identical = "1 at temperature 0, where all samples are the same"
            try OptionError.require(n == 1, .n, identical, "\(n)")
            try OptionError.require(bestOf ?? 1 == 1, .bestOf, identical, "\(bestOf ?? 1)")
        }
    }
}
