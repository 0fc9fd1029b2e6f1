/// Changes logits by what a request asks for and by the tokens before them, whether or not a token is sampled.
///
/// In this order, which is that of transformers' `generate`; frequency and presence penalties, which only vLLM and
/// OpenAI have, follow the penalty that transformers has:
/// 1. logit bias (transformers: `sequence_bias` of single tokens);
/// 2. repetition penalty, for all tokens of prompt and completion;
/// 3. frequency and presence penalty, for all tokens of the completion;
/// 4. bad words: a sequence's last token becomes impossible where the others precede. A stop token that is a bad word of
///    its own stays possible, or the completion could not end;
/// 5. minimum length: stop tokens become impossible.
struct LogitsProcessors: Sendable {
    private let bias: [(id: Int, value: Float)]
    private let repetitionPenalty: Float
    private let frequencyPenalty: Float
    private let presencePenalty: Float
    private let badTokens: [Int]
    /// Longer bad words one after another, and where each ends: nested arrays would be retained for every token.
    private let badSequences: [Int32]
    private let badSequenceEnds: [Int]
    private let minTokens: Int
    private let stopTokens: [Int]
    /// Whether they change no logits.
    let isEmpty: Bool

    /// - Parameters:
    ///   - options: As ``SamplingOptions/validate(maxTokens:vocabularySize:)`` accepts them.
    ///   - vocabularySize: Ids beyond it are ignored.
    init(_ options: SamplingOptions, stopTokens: Set<Int32>, vocabularySize: Int) {
        func isKnown(_ id: Int32) -> Bool { id >= 0 && Int(id) < vocabularySize }
        bias = options.logitBias.filter { isKnown($0.key) && $0.value != 0 }
            .map { (Int($0.key), $0.value) }.sorted { $0.id < $1.id }
        repetitionPenalty = options.repetitionPenalty
        frequencyPenalty = options.frequencyPenalty
        presencePenalty = options.presencePenalty
        let badWords = options.badWords.filter { $0.allSatisfy(isKnown) }
        badTokens = badWords.filter { $0.count == 1 && !stopTokens.contains($0[0]) }.map { Int($0[0]) }
        let sequences = badWords.filter { $0.count > 1 }
        badSequences = sequences.flatMap { $0 }
        var end = 0
        badSequenceEnds = sequences.map { sequence in
            end += sequence.count
            return end
        }
        minTokens = options.minTokens
        self.stopTokens = minTokens == 0 ? [] : stopTokens.filter(isKnown).map(Int.init).sorted()
        isEmpty =
            bias.isEmpty && repetitionPenalty == 1 && frequencyPenalty == 0 && presencePenalty == 0
            && badTokens.isEmpty && badSequences.isEmpty && self.stopTokens.isEmpty
    }

    /// - Parameters:
    ///   - values: `[vocabularySize]`, logits or log-probabilities; changed in place.
    ///   - history: Ids of prompt and completion.
    ///   - promptCount: How many of them are the prompt's.
    ///   - counts: `[vocabularySize]`, zeros before and after.
    func apply(
        to values: inout [Float], history: Span<Int32>, promptCount: Int, counts: inout [Int32]
    ) {
        var scores = values.mutableSpan
        for (id, value) in bias { scores[id] += value }
        if repetitionPenalty != 1 { penalizeRepetition(&scores, history, &counts) }
        if frequencyPenalty != 0 || presencePenalty != 0 {
            penalizePresence(&scores, history, promptCount, &counts)
        }
        for id in badTokens { scores[id] = -.infinity }
        banCompletedSequences(&scores, history)
        if history.count - promptCount < minTokens {
            for id in stopTokens { scores[id] = -.infinity }
        }
    }

    private func penalizeRepetition(
        _ scores: inout MutableSpan<Float>, _ history: Span<Int32>, _ counts: inout [Int32]
    ) {
        for position in history.indices {
            let id = Self.index(history[position])
            guard id < scores.count, counts[id] == 0 else { continue }
            counts[id] = 1
            scores[id] = scores[id] < 0 ? scores[id] * repetitionPenalty : scores[id] / repetitionPenalty
        }
        for position in history.indices {
            let id = Self.index(history[position])
            if id < scores.count { counts[id] = 0 }
        }
    }

    private func penalizePresence(
        _ scores: inout MutableSpan<Float>, _ history: Span<Int32>, _ promptCount: Int,
        _ counts: inout [Int32]
    ) {
        let completion = min(promptCount, history.count)..<history.count
        for position in completion {
            let id = Self.index(history[position])
            if id < scores.count { counts[id] += 1 }
        }
        for position in completion {
            let id = Self.index(history[position])
            guard id < scores.count, counts[id] > 0 else { continue }
            scores[id] -= frequencyPenalty * Float(counts[id])
            scores[id] -= presencePenalty
            counts[id] = 0
        }
    }

    /// An id as an index; a negative one becomes larger than every vocabulary.
    private static func index(_ id: Int32) -> Int { Int(UInt32(bitPattern: id)) }

    private func banCompletedSequences(_ scores: inout MutableSpan<Float>, _ history: Span<Int32>) {
        var start = 0
        for end in badSequenceEnds {
            defer { start = end }
            let prefix = end - start - 1
            guard prefix <= history.count else { continue }
            let offset = history.count - prefix
            var matches = true
            for index in 0..<prefix where badSequences[start + index] != history[offset + index] {
                matches = false
                break
            }
            if matches { scores[Int(badSequences[end - 1])] = -.infinity }
        }
    }
}
