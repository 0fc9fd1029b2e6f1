/// A beam search over the completions of one prompt, as transformers' `generate` with `num_beams` has it.
///
/// In every step, the prediction of each running beam is given to
/// ``score(beam:logits:normalizer:history:promptCount:chooser:scratch:)``, in any order; ``advance(endsWhere:)`` then
/// decides how the beams go on. Of all continuations, the best `beams · max(2, 1 + stop tokens)` are looked at, so that
/// `beams` of them remain that do not end. Those that end and are among the best `beams` become hypotheses.
///
/// Ties go to the lower beam, then to the lower token. Log-probabilities are added in single precision, as in transformers.
package struct BeamSearch {
    /// A running beam.
    package struct Beam: Sendable, Equatable {
        /// The beam of the step before that it continues, and whose keys and values it shares.
        package let parent: Int
        /// The token that it continues it with.
        package let token: Int32
        /// Log-probability of all tokens generated, as the processors left it.
        package let logprob: Float
        /// Its token in the tree; -1 before the first one.
        fileprivate let node: Int
    }

    /// A continuation of a running beam by one token.
    package struct Candidate: Sendable, Equatable {
        /// The beam that it continues.
        package let beam: Int
        /// The token.
        package let token: Int32
        /// Log-probability of all tokens generated, this one included.
        package let logprob: Float
    }

    /// A finished sequence.
    package struct Hypothesis: Sendable, Equatable {
        /// The generated tokens, the stop token included.
        package let tokens: [Int32]
        /// Log-probability divided by the number of tokens to the power of the length penalty.
        package let score: Float
        /// Whether it ended because it may not be longer.
        package let isCut: Bool
    }

    private let options: CandidateOptions
    private let stopTokens: Set<Int32>
    private let maxTokens: Int
    /// How many tokens every running beam has generated.
    private var length = 0
    private var candidates = TopSelection<Candidate>()
    private var hypotheses: BeamHypotheses
    /// All tokens of beams and hypotheses, each with the one before it; -1 for none.
    private var tree: [(parent: Int, token: Int32)] = []
    private var parents: [Beam] = []

    /// The beams whose predictions the next step needs, best first; before the first step one, without a token.
    package private(set) var running: [Beam]
    /// Whether the search has ended.
    package private(set) var isFinished = false

    /// - Parameters:
    ///   - options: As ``CandidateOptions/validate(_:)`` accepts them.
    ///   - stopTokens: Tokens that end a sequence.
    ///   - maxTokens: Most tokens of a sequence, at least 1; where less, the search is finished and has no results.
    package init(_ options: CandidateOptions, stopTokens: Set<Int32>, maxTokens: Int) {
        self.options = options
        self.stopTokens = stopTokens
        self.maxTokens = maxTokens
        hypotheses = BeamHypotheses(capacity: options.beams, lengthPenalty: options.lengthPenalty)
        running = [Beam(parent: 0, token: -1, logprob: 0, node: -1)]
        isFinished = maxTokens < 1
        resetCandidates()
    }

    /// Considers the continuations of one running beam.
    ///
    /// - Parameters:
    ///   - beam: Index in ``running``.
    ///   - logits: `[vocabularySize]`, its prediction.
    ///   - normalizer: `log(sum(exp(logits)))`.
    ///   - history: Ids of the prompt, followed by the beam's tokens (``appendTokens(of:to:)``); may be empty where the
    ///     chooser has no processors.
    ///   - promptCount: How many of them are the prompt's.
    ///   - chooser: Its processors change the log-probabilities; nothing is sampled.
    ///   - scratch: Buffers, shared with other requests.
    package mutating func score(
        beam: Int, logits: Span<Float>, normalizer: Double, history: Span<Int32>, promptCount: Int,
        chooser: TokenChooser, scratch: inout TokenChooser.Scratch
    ) throws(TokenChoiceError) {
        guard normalizer.isFinite else { throw .notFinite }
        let sum = running[beam].logprob
        if chooser.hasProcessors {
            chooser.processLogprobs(
                logits, normalizer: normalizer, history: history, promptCount: promptCount, scratch: &scratch)
            for index in scratch.scores.indices {
                consider(beam, Int32(index), sum + scratch.scores[index])
            }
        } else {
            for index in logits.indices {
                consider(beam, Int32(index), sum + Float(Double(logits[index]) - normalizer))
            }
        }
    }

    private mutating func consider(_ beam: Int, _ token: Int32, _ logprob: Float) {
        guard logprob > -.infinity else { return }
        candidates.insert(Candidate(beam: beam, token: token, logprob: logprob))
    }

    /// Ends a step, after all running beams were scored: replaces ``running``, or sets ``isFinished``.
    ///
    /// - Parameter endsWhere: Whether a continuation ends for another reason than a stop token or its length.
    /// - Throws: ``TokenChoiceError/nothingLeft`` where the first step has no continuation at all.
    package mutating func advance(
        endsWhere: (Candidate) -> Bool = { _ in false }
    ) throws(TokenChoiceError) {
        candidates.sort()
        guard !candidates.elements.isEmpty || !hypotheses.entries.isEmpty else { throw .nothingLeft }
        length += 1
        swap(&running, &parents)
        running.removeAll(keepingCapacity: true)
        for (rank, candidate) in candidates.elements.enumerated() {
            let hasStopped = stopTokens.contains(candidate.token) || endsWhere(candidate)
            if hasStopped || length >= maxTokens {
                guard rank < options.beams else { continue }
                let score = hypotheses.score(logprob: candidate.logprob, length: length)
                guard hypotheses.accepts(score) else { continue }
                hypotheses.insert(node: grow(candidate), score: score, isCut: !hasStopped)
            } else if running.count < options.beams {
                running.append(
                    Beam(
                        parent: candidate.beam, token: candidate.token, logprob: candidate.logprob,
                        node: grow(candidate)))
            }
        }
        isFinished = !canGoOn
        resetCandidates()
    }

    private var canGoOn: Bool {
        guard let best = running.first else { return false }
        if options.earlyStopping == .always, hypotheses.isFull { return false }
        return hypotheses.mayImprove(
            logprob: best.logprob, length: length, limit: maxTokens, options.earlyStopping)
    }

    /// Adds a continuation of a beam of the step before to the tree.
    private mutating func grow(_ candidate: Candidate) -> Int {
        tree.append((parents[candidate.beam].node, candidate.token))
        return tree.count - 1
    }

    private mutating func resetCandidates() {
        candidates.reset(capacity: options.beams * max(2, 1 + stopTokens.count))
    }

    /// Appends the tokens that a running beam has generated.
    package func appendTokens(of beam: Int, to ids: inout [Int32]) {
        appendTokens(endingAt: running[beam].node, to: &ids)
    }

    private func appendTokens(endingAt last: Int, to ids: inout [Int32]) {
        let start = ids.count
        var node = last
        while node >= 0 {
            ids.append(tree[node].token)
            node = tree[node].parent
        }
        ids[start...].reverse()
    }

    /// The best `n` finished sequences, best first; fewer where the search was not continued to its end.
    package var results: [Hypothesis] {
        hypotheses.entries.prefix(options.n).map { entry in
            var tokens: [Int32] = []
            appendTokens(endingAt: entry.node, to: &tokens)
            return Hypothesis(tokens: tokens, score: entry.score, isCut: entry.isCut)
        }
    }
}

extension BeamSearch.Candidate: Ranked {
    func ranks(above other: Self) -> Bool {
        if logprob != other.logprob { return logprob > other.logprob }
        return beam != other.beam ? beam < other.beam : token < other.token
    }
}
