import Testing

@testable import LlamaGeneration

/// Processors and warpers against those of transformers, on recorded logits.
struct TransformersLogitsTests {
    @Test func keepsTheTokensAndScoresOfTransformers() throws {
        let fixture = try DecodingFixtures.logits()
        #expect(fixture.cases.count > 100)
        for entry in fixture.cases {
            let logits = fixture.logits[entry.logits].map { $0 ?? -.infinity }
            let options = entry.options.sampling
            try options.validate(maxTokens: 100, vocabularySize: logits.count)
            let scores = try TokenChooserTests.warped(
                logits, options, history: entry.history, promptCount: entry.prompt_count,
                stopTokens: entry.stop_tokens)
            let kept = scores.indices.filter { scores[$0] > -.infinity }
            // The scores of transformers are divided by the temperature.
            var found = kept.map { scores[$0] / options.temperature }
            var expected = entry.scores
            if entry.tied == true {
                // Which of equal logits are kept depends on the sort; how many are kept does not.
                found.sort()
                expected.sort()
            } else {
                #expect(kept == entry.kept, "\(entry)")
            }
            #expect(found.count == expected.count, "\(entry)")
            for (found, expected) in zip(found, expected) {
                #expect(abs(found - expected) <= 1e-6 * max(1, abs(expected)), "\(entry)")
            }
        }
    }

    @Test func theNucleusKeepsTheLowerOfEqualTokens() throws {
        let options = TokenChooserTests.options { $0.topP = 0.6 }
        let kept = try TokenChooserTests.warped([1, 1, 1, 1, 0], options).map { $0 > -.infinity }
        #expect(kept == [true, true, true, false, false])
    }

    /// As in Meta's code, a token is kept where the mass of likelier ones equals top-p; transformers removes it.
    @Test func theNucleusKeepsTheTokenThatBeginsAtTopP() throws {
        let options = TokenChooserTests.options { $0.topP = 0.5 }
        let kept = try TokenChooserTests.warped([0, 0, 0, 0], options).map { $0 > -.infinity }
        #expect(kept == [true, true, true, false])
    }
}
