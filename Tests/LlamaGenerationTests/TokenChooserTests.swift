import Glibc
import LlamaTestSupport
import Testing

@testable import LlamaGeneration

struct TokenChooserTests {
    /// Options that change nothing, at temperature 1.
    static var plain: SamplingOptions {
        var options = SamplingOptions()
        (options.temperature, options.topP) = (1, 1)
        return options
    }

    static func options(_ change: (inout SamplingOptions) -> Void) -> SamplingOptions {
        var options = plain
        change(&options)
        return options
    }

    /// The logits as processors and warpers leave them.
    static func warped(
        _ logits: [Float], _ options: SamplingOptions, history: [Int32] = [], promptCount: Int = 0,
        stopTokens: Set<Int32> = []
    ) throws -> [Float] {
        let chooser = TokenChooser(options, stopTokens: stopTokens, vocabularySize: logits.count)
        var scratch = TokenChooser.Scratch()
        _ = try chooser.warp(
            logits.span, history: history.span, promptCount: promptCount, scratch: &scratch)
        #expect(scratch.counts.allSatisfy { $0 == 0 })
        return scratch.scores
    }

    @Test func appliesProcessorsInTheOrderOfTransformers() throws {
        let options = Self.options {
            $0.temperature = 0
            $0.logitBias = [0: 3, 1: -3]
            $0.repetitionPenalty = 2
            $0.frequencyPenalty = 0.5
            $0.presencePenalty = 0.25
        }
        // Token 0 becomes 4 by its bias, then 2 by the repetition penalty; token 1 becomes -2, then -4. Token 0 is in the
        // completion twice, token 2 once, token 1 only in the prompt.
        let scores = try Self.warped([1, 1, 8, 5], options, history: [1, 1, 0, 2, 0], promptCount: 2)
        #expect(scores == [0.75, -4, 3.25, 5])
    }

    @Test func penalizesEveryTokenOnce() throws {
        let options = Self.options { $0.repetitionPenalty = 2 }
        #expect(
            try Self.warped([4, -4, 0, 4], options, history: [0, 0, 0, 1, 1, 2], promptCount: 3)
                == [2, -8, 0, 4])
    }

    @Test func countsTokensOfTheCompletionOnly() throws {
        let options = Self.options { ($0.frequencyPenalty, $0.presencePenalty) = (-1, 2) }
        #expect(
            try Self.warped([0, 0, 0], options, history: [0, 1, 2, 1, 1], promptCount: 3) == [0, 0, 0])
        #expect(
            try Self.warped([0, 0, 0], options, history: [0, 1, 2, 1], promptCount: 3) == [0, -1, 0])
        #expect(try Self.warped([0, 0, 0], options, history: [0, 1, 2], promptCount: 3) == [0, 0, 0])
    }

    @Test func bansTheLastTokenOfABadWord() throws {
        let options = Self.options { $0.badWords = [[3], [1, 2], [0, 1, 0], [2, 2, 2, 2, 2, 1]] }
        let none = -Float.infinity
        #expect(
            try Self.warped([0, 0, 0, 0], options, history: [0, 1], promptCount: 1) == [none, 0, none, none])
        #expect(try Self.warped([0, 0, 0, 0], options, history: [1], promptCount: 1) == [0, 0, none, none])
        #expect(try Self.warped([0, 0, 0, 0], options) == [0, 0, 0, none])
    }

    @Test func aStopTokenStaysPossibleAsABadWordOfItsOwn() throws {
        let options = Self.options { $0.badWords = [[3], [2], [1, 3]] }
        let none = -Float.infinity
        #expect(try Self.warped([0, 0, 0, 0], options, stopTokens: [3]) == [0, 0, none, 0])
        #expect(
            try Self.warped([0, 0, 0, 0], options, history: [1], stopTokens: [3]) == [0, 0, none, none])
    }

    @Test func stopTokensAreImpossibleBeforeTheMinimum() throws {
        let options = Self.options { $0.minTokens = 2 }
        let none = -Float.infinity
        for (count, expected) in [(3, none), (4, none), (5, 0), (6, 0)] {
            let history = [Int32](repeating: 0, count: count)
            let scores = try Self.warped(
                [0, 0, 0], options, history: history, promptCount: 3, stopTokens: [1, 77])
            #expect(scores == [0, expected, 0])
        }
    }

    @Test func keepsAllTokensThatEqualTheKth() throws {
        let none = -Float.infinity
        let options = Self.options { $0.topK = 2 }
        #expect(try Self.warped([1, 3, 2, 2, 0, 2], options) == [none, 3, 2, 2, none, 2])
        #expect(try Self.warped([1, none, none], Self.options { $0.topK = 2 }) == [1, none, none])
        #expect(try Self.warped([1, 2], Self.options { $0.topK = 9 }) == [1, 2])
    }

    @Test func combinesWarpersInOrder() throws {
        // Probabilities 0.4, 0.3, 0.2, 0.1. Top-k leaves 4/9, 3/9 and 2/9, of which 7/9 exceed top-p 0.77 (of all four,
        // 0.7 would not).
        let logits = [0.4, 0.3, 0.2, 0.1].map { Float(log($0)) }
        let kept = try Self.warped(logits, Self.options { ($0.topK, $0.topP) = (3, 0.77) })
        #expect(kept.map { $0 > -.infinity } == [true, true, false, false])
        let minimum = try Self.warped(logits, Self.options { $0.minP = 0.6 })
        #expect(minimum.map { $0 > -.infinity } == [true, true, false, false])
    }

    @Test func typicalTokensAreThoseNearTheEntropy() throws {
        // Entropy 1.26 nats; the tokens carry 0.69, 1.20, 2.30 and 2.30 nats: the second is the most typical one.
        let logits = [0.5, 0.3, 0.1, 0.1].map { Float(log($0)) }
        let one = try Self.warped(logits, Self.options { $0.typicalP = 0.2 })
        #expect(one.map { $0 > -.infinity } == [false, true, false, false])
        let two = try Self.warped(logits, Self.options { $0.typicalP = 0.75 })
        #expect(two.map { $0 > -.infinity } == [true, true, false, false])
        let all = try Self.warped(logits, Self.options { $0.typicalP = 0.85 })
        #expect(all.allSatisfy { $0 > -.infinity })
    }

    @Test(arguments: [0, 1e-30, 0.7, 1, 1e30] as [Float], [0.4, 1] as [Float])
    func choosesLikeTheSamplerWhereNothingElseIsAsked(temperature: Float, topP: Float) throws {
        var random = SeededGenerator(state: 11)
        let logits = random.floats(64).map { $0 * 6 }
        let options = Self.options { ($0.temperature, $0.topP, $0.seed) = (temperature, topP, 9) }
        let sampler = Sampler(temperature: temperature, topP: topP, seed: 9)
        // A bias of no consequence, so that the logits are copied.
        let copying = Self.options {
            ($0.temperature, $0.topP, $0.seed) = (temperature, topP, 9)
            $0.badWords = [[1, 2, 3]]
        }
        var scratch = TokenChooser.Scratch()
        for position in 0..<40 {
            let expected = sampler.next(logits.span, prompt: 3, position: position)
            for options in [options, copying] {
                let chooser = TokenChooser(options, stopTokens: [], vocabularySize: 64)
                let chosen = try chooser.choose(
                    logits, stream: 3, position: position, &scratch)
                #expect(chosen == expected)
            }
        }
    }

    @Test func warpersThatKeepEverythingChangeNoChoice() throws {
        var random = SeededGenerator(state: 12)
        let logits = random.floats(64).map { $0 * 3 }
        let sampler = Sampler(temperature: 0.9, topP: 0.8, seed: 5)
        let options = Self.options {
            ($0.temperature, $0.topP, $0.seed, $0.topK) = (0.9, 0.8, 5, 63)
            $0.minP = 1e-20
            $0.typicalP = 0.999999
        }
        let chooser = TokenChooser(options, stopTokens: [], vocabularySize: 64)
        var scratch = TokenChooser.Scratch()
        for position in 0..<200 {
            let chosen = try chooser.choose(
                logits, position: position, &scratch)
            #expect(chosen == sampler.next(logits.span, prompt: 0, position: position))
        }
    }

    @Test func neverChoosesWhatIsBanned() throws {
        var random = SeededGenerator(state: 13)
        let logits = random.floats(16)
        let banned: Set<Int32> = [0, 3, 7, 14, 15]
        for topK in [0, 12] {
            let options = Self.options { options in
                options.badWords = banned.map { [$0] }
                options.topK = topK
            }
            let chooser = TokenChooser(options, stopTokens: [], vocabularySize: 16)
            var scratch = TokenChooser.Scratch()
            for position in 0..<500 {
                let chosen = try chooser.choose(
                    logits, after: [2], promptCount: 1, position: position, &scratch)
                #expect(!banned.contains(chosen))
            }
        }
    }

    @Test(
        arguments: [[.nan, 1], [1, .infinity], [-.infinity, -.infinity], []] as [[Float]],
        [0, 1] as [Float])
    func reportsLogitsOfADamagedModel(logits: [Float], temperature: Float) {
        for topK in [0, 1] {
            let options = Self.options { ($0.temperature, $0.topK, $0.badWords) = (temperature, topK, [[0]]) }
            for options in [options, Self.options { $0.temperature = temperature }] {
                let chooser = TokenChooser(options, stopTokens: [], vocabularySize: logits.count)
                var scratch = TokenChooser.Scratch()
                #expect(throws: TokenChoiceError.notFinite) {
                    _ = try chooser.choose(
                        logits, &scratch)
                }
            }
        }
    }

    @Test func reportsSettingsThatLeaveNoToken() {
        let options = Self.options { $0.badWords = [[0], [1]] }
        let chooser = TokenChooser(options, stopTokens: [], vocabularySize: 2)
        var scratch = TokenChooser.Scratch()
        #expect(throws: TokenChoiceError.nothingLeft) {
            _ = try chooser.choose(
                [1, 2], &scratch)
        }
    }

    @Test func oneScratchServesVocabulariesOfAnySize() throws {
        var scratch = TokenChooser.Scratch()
        let chooser = TokenChooser(
            Self.options { ($0.repetitionPenalty, $0.topK) = (1.5, 2) }, stopTokens: [], vocabularySize: 5)
        for size in [5, 3, 8, 3] {
            let logits = (0..<size).map { Float($0) }
            let chosen = try chooser.choose(
                logits, after: [0, 2], promptCount: 1, position: 2, &scratch)
            #expect(Int(chosen) >= size - 2)
        }
    }
}

extension TokenChooser {
    /// Likewise, from arrays.
    func choose(
        _ logits: [Float], after history: [Int32] = [], promptCount: Int = 0, stream: Int = 0,
        position: Int = 0, _ scratch: inout Scratch
    ) throws(TokenChoiceError) -> Int32 {
        try choose(
            logits.span, history: history.span, promptCount: promptCount, stream: stream, position: position,
            scratch: &scratch)
    }
}
