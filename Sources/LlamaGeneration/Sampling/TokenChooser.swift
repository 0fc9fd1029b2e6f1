import Glibc

/// Why no token could be chosen.
package enum TokenChoiceError: Error, Equatable, Sendable {
    /// A logit is NaN or plus infinity, or all are minus infinity: the weights are damaged.
    case notFinite
    /// The request's own settings leave no token, or make a logit overflow.
    case nothingLeft
}

/// Chooses the next token of a completion: ``LogitsProcessors``, then ``Warpers``, then a draw or the likeliest token.
///
/// The choice is a function of the logits, the options, the tokens so far, the stream and the position: batches,
/// preemption and speculation do not change it.
package struct TokenChooser: Sendable {
    /// Buffers kept from one token to the next, by one caller for any number of choosers.
    package struct Scratch {
        /// `[vocabularySize]`, the logits as processors and warpers leave them.
        var scores: [Float] = []
        /// `[vocabularySize]`, zeros between two tokens.
        var counts: [Int32] = []
        var warpers = Warpers.Scratch()
        var nucleus = Sampler.Scratch()

        /// Empty buffers; the first token allocates them.
        package init() {}

        /// Copies logits, and makes the other buffers fit.
        mutating func copy(_ logits: Span<Float>) {
            if scores.count != logits.count {
                scores = Array(repeating: 0, count: logits.count)
                counts = Array(repeating: 0, count: logits.count)
            }
            for index in logits.indices { scores[index] = logits[index] }
        }
    }

    private let processors: LogitsProcessors
    private let warpers: Warpers
    private let sampler: Sampler

    /// - Parameters:
    ///   - options: As ``SamplingOptions/validate(maxTokens:vocabularySize:)`` accepts them.
    ///   - stopTokens: The tokens that end a completion.
    package init(_ options: SamplingOptions, stopTokens: Set<Int32>, vocabularySize: Int) {
        processors = LogitsProcessors(options, stopTokens: stopTokens, vocabularySize: vocabularySize)
        warpers = Warpers(options)
        sampler = Sampler(temperature: options.temperature, topP: options.topP, seed: options.seed)
    }

    /// The next token.
    ///
    /// Allocates nothing once the buffers are as large as the vocabulary. Where temperature and top-p are all that is
    /// asked for, the logits are not even copied.
    ///
    /// - Parameters:
    ///   - logits: `[vocabularySize]`, the model's prediction.
    ///   - history: Ids of prompt and completion.
    ///   - promptCount: How many of them are the prompt's.
    ///   - stream: Index of the stream of random numbers: of the prompt, or of one of its samples.
    ///   - position: Of the token, in prompt and completion.
    package func choose(
        _ logits: Span<Float>, history: Span<Int32>, promptCount: Int, stream: Int, position: Int,
        scratch: inout Scratch
    ) throws(TokenChoiceError) -> Int32 {
        if processors.isEmpty, isSimple {
            guard
                let token = sampler.next(
                    logits, prompt: stream, position: position, scratch: &scratch.nucleus)
            else { throw .notFinite }
            return token
        }
        let best = try process(logits, history: history, promptCount: promptCount, scratch: &scratch)
        guard sampler.temperature > 0 else { return Int32(best) }
        let draw = sampler.uniform(prompt: stream, position: position)
        let score = scratch.scores[best]
        if warpers.isNucleusOnly {
            return Int32(
                sample(&scratch.scores, best: score, draw: draw, scratch: &scratch.nucleus) ?? best)
        }
        warpers.apply(to: &scratch.scores, best: score, scratch: &scratch.warpers)
        let sum = warpers.makeMasses(&scratch.scores, best: score)
        return Int32(Self.index(in: scratch.scores.span, at: draw * sum) ?? best)
    }

    /// The distribution from which ``choose(_:history:promptCount:stream:position:scratch:)`` draws.
    ///
    /// - Returns: `[vocabularySize]`; at temperature 0 all probability is the likeliest token's.
    package func probabilities(
        _ logits: Span<Float>, history: Span<Int32>, promptCount: Int
    ) throws(TokenChoiceError) -> [Double] {
        var scratch = Scratch()
        let best = try warp(logits, history: history, promptCount: promptCount, scratch: &scratch)
        guard sampler.temperature > 0 else {
            return scratch.scores.indices.map { $0 == best ? 1 : 0 }
        }
        let sum = warpers.makeMasses(&scratch.scores, best: scratch.scores[best])
        return scratch.scores.map { Double($0) / sum }
    }

    /// Whether a choice depends on the tokens so far, or logits are changed at all.
    package var hasProcessors: Bool { !processors.isEmpty }

    /// Leaves processed log-probabilities in `scratch`, as a beam search adds them.
    func processLogprobs(
        _ logits: Span<Float>, normalizer: Double, history: Span<Int32>, promptCount: Int,
        scratch: inout Scratch
    ) {
        scratch.copy(logits)
        for index in scratch.scores.indices {
            scratch.scores[index] = Float(Double(scratch.scores[index]) - normalizer)
        }
        processors.apply(
            to: &scratch.scores, history: history, promptCount: promptCount, counts: &scratch.counts)
    }

    /// Leaves the processed logits in `scratch`, minus infinity where a warper removed a token.
    ///
    /// - Returns: The token with the largest one.
    func warp(
        _ logits: Span<Float>, history: Span<Int32>, promptCount: Int, scratch: inout Scratch
    ) throws(TokenChoiceError) -> Int {
        let best = try process(logits, history: history, promptCount: promptCount, scratch: &scratch)
        if sampler.temperature > 0 {
            warpers.apply(
                to: &scratch.scores, best: scratch.scores[best], scratch: &scratch.warpers)
        }
        return best
    }

    /// Whether ``Sampler`` alone can choose.
    private var isSimple: Bool { sampler.temperature == 0 || warpers.isNucleusOnly }

    /// Leaves the processed logits in `scratch`, and returns the token with the largest one.
    private func process(
        _ logits: Span<Float>, history: Span<Int32>, promptCount: Int, scratch: inout Scratch
    ) throws(TokenChoiceError) -> Int {
        guard let raw = Sampler.argMax(logits), logits[raw].isFinite else { throw .notFinite }
        scratch.copy(logits)
        if processors.isEmpty { return raw }
        processors.apply(
            to: &scratch.scores, history: history, promptCount: promptCount, counts: &scratch.counts)
        guard let best = Sampler.argMax(scratch.scores.span), scratch.scores[best].isFinite else {
            throw .nothingLeft
        }
        return best
    }

    // Takes the array, as a span of one buffer of `Scratch` would borrow all of them.
    private func sample(
        _ scores: inout [Float], best: Float, draw: Double, scratch: inout Sampler.Scratch
    ) -> Int? {
        sampler.sample(scores.span, best: best, draw: draw, scratch: &scratch)
    }

    /// The index at which the running sum of `masses` exceeds `target`; the last one with any mass where rounding keeps
    /// the sum below it.
    private static func index(in masses: Span<Float>, at target: Double) -> Int? {
        var remaining = target
        var last: Int?
        for index in masses.indices where masses[index] > 0 {
            last = index
            remaining -= Double(masses[index])
            if remaining < 0 { return index }
        }
        return last
    }
}
