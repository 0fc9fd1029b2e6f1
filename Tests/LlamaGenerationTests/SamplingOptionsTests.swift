import LlamaFiles
import Testing

@testable import LlamaGeneration

struct SamplingOptionsTests {
    /// An option's value that cannot be used, and the message for it.
    struct Refusal<Options>: Sendable, CustomTestStringConvertible {
        let message: String
        let change: @Sendable (inout Options) -> Void

        var testDescription: String { message }
    }

    static let refusals: [Refusal<SamplingOptions>] = [
        Refusal(message: "temperature: expected a number from 0 on, found nan") { $0.temperature = .nan },
        Refusal(message: "temperature: expected a number from 0 on, found -0.5") { $0.temperature = -0.5 },
        Refusal(message: "temperature: expected a number from 0 on, found inf") {
            $0.temperature = .infinity
        },
        Refusal(message: "top_k: expected 0 (off) or more, found -1") { $0.topK = -1 },
        Refusal(message: "top_p: expected above 0, at most 1, found 0.0") { $0.topP = 0 },
        Refusal(message: "top_p: expected above 0, at most 1, found 1.5") { $0.topP = 1.5 },
        Refusal(message: "top_p: expected above 0, at most 1, found nan") { $0.topP = .nan },
        Refusal(message: "min_p: expected a number from 0 to 1, found -0.1") { $0.minP = -0.1 },
        Refusal(message: "min_p: expected a number from 0 to 1, found nan") { $0.minP = .nan },
        Refusal(message: "typical_p: expected above 0, at most 1, found 0.0") { $0.typicalP = 0 },
        Refusal(message: "typical_p: expected above 0, at most 1, found nan") { $0.typicalP = .nan },
        Refusal(message: "repetition_penalty: expected a number above 0, found 0.0") {
            $0.repetitionPenalty = 0
        },
        Refusal(message: "repetition_penalty: expected a number above 0, found nan") {
            $0.repetitionPenalty = .nan
        },
        Refusal(message: "frequency_penalty: expected a number from -2 to 2, found 2.5") {
            $0.frequencyPenalty = 2.5
        },
        Refusal(message: "presence_penalty: expected a number from -2 to 2, found -3.0") {
            $0.presencePenalty = -3
        },
        Refusal(message: "presence_penalty: expected a number from -2 to 2, found nan") {
            $0.presencePenalty = .nan
        },
        Refusal(message: "min_tokens: expected 0 to 16, the most tokens, found 17") { $0.minTokens = 17 },
        Refusal(message: "min_tokens: expected 0 to 16, the most tokens, found -1") { $0.minTokens = -1 },
        Refusal(message: "logit_bias: expected token ids from 0 to 99, found 100") {
            $0.logitBias = [5: 1, 100: 1]
        },
        Refusal(message: "logit_bias: expected token ids from 0 to 99, found -1") { $0.logitBias = [-1: 1] },
        Refusal(message: "logit_bias: expected numbers from -100 to 100, found nan for token 7") {
            $0.logitBias = [7: .nan]
        },
        Refusal(message: "logit_bias: expected numbers from -100 to 100, found 101.0 for token 7") {
            $0.logitBias = [7: 101, 8: 102]
        },
        Refusal(message: "bad_words: expected at least one token each, found none in entry 1") {
            $0.badWords = [[1], []]
        },
        Refusal(message: "bad_words: expected token ids from 0 to 99, found 100") {
            $0.badWords = [[1, 100]]
        },
    ]

    @Test(arguments: refusals)
    func refusesAndNamesTheOption(refusal: Refusal<SamplingOptions>) throws {
        var options = SamplingOptions()
        refusal.change(&options)
        let error = #expect(throws: OptionError.self) {
            try options.validate(maxTokens: 16, vocabularySize: 100)
        }
        #expect(error?.description == refusal.message)
        #expect(error?.category == .invalidArgument)
    }

    @Test func acceptsTheEndsOfEveryRange() throws {
        var options = SamplingOptions()
        try options.validate(maxTokens: 0, vocabularySize: 1)
        options.temperature = 0
        options.topK = .max
        (options.topP, options.minP, options.typicalP) = (1, 1, 1)
        (options.frequencyPenalty, options.presencePenalty) = (-2, 2)
        options.repetitionPenalty = .leastNonzeroMagnitude
        options.logitBias = [0: -100, 99: 100]
        options.badWords = [[0], [99, 0]]
        options.minTokens = 16
        try options.validate(maxTokens: 16, vocabularySize: 100)
    }

    static let candidateRefusals: [Refusal<CandidateOptions>] = [
        Refusal(message: "n: expected 1 to 1024, found 0") { $0.n = 0 },
        Refusal(message: "beams: expected 1 to 1024, found 0") { $0.beams = 0 },
        Refusal(message: "beams: expected 1 to 1024, found 1025") { $0.beams = 1025 },
        Refusal(message: "length_penalty: expected a number, found nan") { $0.lengthPenalty = .nan },
        Refusal(message: "best_of: expected 1 to 1024, found -1") { $0.bestOf = -1 },
        Refusal(message: "best_of: expected at least n (3), found 2") { ($0.n, $0.bestOf) = (3, 2) },
        Refusal(message: "n: expected at most as many as beams (2), found 3") { ($0.n, $0.beams) = (3, 2) },
        Refusal(message: "best_of: expected none with beams, found 4") { ($0.bestOf, $0.beams) = (4, 4) },
    ]

    @Test(arguments: candidateRefusals)
    func refusesContradictionsOfCandidates(refusal: Refusal<CandidateOptions>) {
        var options = CandidateOptions()
        refusal.change(&options)
        let error = #expect(throws: OptionError.self) { try options.validate(SamplingOptions()) }
        #expect(error?.description == refusal.message)
    }

    @Test func refusesSeveralGreedyCompletions() throws {
        var greedy = SamplingOptions()
        greedy.temperature = 0
        var options = CandidateOptions()
        options.n = 2
        try options.validate(SamplingOptions())
        let error = #expect(throws: OptionError.self) { try options.validate(greedy) }
        #expect(
            error?.description == "n: expected 1 at temperature 0, where all samples are the same, found 2")
        options.n = 1
        options.bestOf = 2
        #expect(throws: OptionError.self) { try options.validate(greedy) }
        // Beams are distinct without sampling.
        options = CandidateOptions()
        (options.n, options.beams) = (2, 2)
        try options.validate(greedy)
    }

    @Test func namesOptionsAsCommandsDo() {
        #expect(OptionError.Option.repetitionPenalty.flag == "--repetition-penalty")
        #expect(OptionError.Option.n.flag == "--n")
    }
}
