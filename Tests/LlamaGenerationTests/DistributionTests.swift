import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaGeneration

/// Draws at fixed seeds against the distribution that they are from.
struct DistributionTests {
    struct Strategy: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout SamplingOptions) -> Void

        init(_ name: String, _ change: @escaping @Sendable (inout SamplingOptions) -> Void) {
            testDescription = name
            self.change = change
        }
    }

    static let strategies = [
        Strategy("temperature 1") { _ in },
        Strategy("temperature 0.5") { $0.temperature = 0.5 },
        Strategy("temperature 2.5") { $0.temperature = 2.5 },
        Strategy("top-k") { $0.topK = 5 },
        Strategy("top-p") { $0.topP = 0.8 },
        Strategy("min-p") { $0.minP = 0.15 },
        Strategy("typical-p") { $0.typicalP = 0.6 },
        Strategy("penalties") {
            ($0.repetitionPenalty, $0.frequencyPenalty, $0.presencePenalty) = (1.3, 0.2, 0.4)
        },
        Strategy("logit bias and top-p") { ($0.logitBias, $0.topP) = ([1: 1.5, 4: -2], 0.9) },
        Strategy("all") {
            ($0.temperature, $0.topK, $0.topP, $0.minP, $0.typicalP) = (1.4, 6, 0.95, 0.02, 0.9)
            ($0.repetitionPenalty, $0.badWords, $0.minTokens) = (1.1, [[3]], 5)
        },
    ]

    /// The quantiles that a chi-square of so many degrees of freedom exceeds once in a thousand times.
    static let limits = [
        0, 10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877, 29.588, 31.264,
    ]

    @Test(arguments: strategies)
    func drawsFollowTheDistribution(strategy: Strategy) throws {
        var options = TokenChooserTests.plain
        options.seed = 20
        strategy.change(&options)
        let logits: [Float] = [0.8, 0.1, -0.4, 1.1, 0.5, -0.2, 0.6, -0.7]
        let history: [Int32] = [3, 0, 5, 5]
        let chooser = TokenChooser(options, stopTokens: [6], vocabularySize: logits.count)
        let probabilities = try chooser.probabilities(logits.span, history: history.span, promptCount: 2)
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)

        let draws = 100_000
        var counts = [Int](repeating: 0, count: logits.count)
        var scratch = TokenChooser.Scratch()
        for position in 0..<draws {
            let token = try chooser.choose(
                logits, after: history, promptCount: 2, stream: position % 7, position: position, &scratch)
            counts[Int(token)] += 1
        }
        var statistic = 0.0
        for (count, probability) in zip(counts, probabilities) {
            let expected = Double(draws) * probability
            guard expected > 0 else {
                #expect(count == 0)
                continue
            }
            // Below 5 the statistic would not be distributed as a chi-square.
            #expect(expected > 5)
            statistic += (Double(count) - expected) * (Double(count) - expected) / expected
        }
        let possible = probabilities.count { $0 > 0 }
        #expect(possible > 1)
        #expect(statistic < Self.limits[possible - 1], "\(statistic) of \(possible) tokens")
    }
}
