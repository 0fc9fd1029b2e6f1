import Foundation
import Testing

@testable import LlamaGeneration

struct BeamSearchTests {
    typealias Candidates = CandidateOptions

    /// Runs a search over a model given as a function of the ids so far.
    static func search(
        _ candidates: CandidateOptions, prompt: [Int32], stopTokens: Set<Int32> = [], maxTokens: Int,
        sampling: SamplingOptions = SamplingOptions(), vocabularySize: Int, descending: Bool = false,
        endsWhere: (BeamSearch.Candidate) -> Bool = { _ in false }, model: ([Int32]) -> [Float]
    ) throws -> (results: [BeamSearch.Hypothesis], steps: Int) {
        var search = BeamSearch(candidates, stopTokens: stopTokens, maxTokens: maxTokens)
        let chooser = TokenChooser(sampling, stopTokens: stopTokens, vocabularySize: vocabularySize)
        var scratch = TokenChooser.Scratch()
        var steps = 0
        while !search.isFinished {
            let beams = search.running.indices
            for beam in descending ? Array(beams.reversed()) : Array(beams) {
                var ids = prompt
                search.appendTokens(of: beam, to: &ids)
                if steps > 0 { #expect(ids.last == search.running[beam].token) }
                let logits = model(ids)
                let best = Double(logits.max() ?? 0)
                let normalizer = best + log(logits.reduce(0) { $0 + exp(Double($1) - best) })
                try search.score(
                    beam: beam, logits: logits.span, normalizer: normalizer, history: ids.span,
                    promptCount: prompt.count, chooser: chooser, scratch: &scratch)
            }
            try search.advance(endsWhere: endsWhere)
            steps += 1
        }
        return (search.results, steps)
    }

    @Test(arguments: [false, true])
    func agreesWithTransformers(descending: Bool) throws {
        let fixture = try DecodingFixtures.beams()
        #expect(fixture.cases.count > 100)
        for entry in fixture.cases {
            var candidates = CandidateOptions()
            (candidates.beams, candidates.n) = (entry.candidates.beams, entry.candidates.n)
            candidates.lengthPenalty = entry.candidates.length_penalty
            candidates.earlyStopping = try #require(
                Candidates.EarlyStopping(rawValue: entry.candidates.early_stopping))
            let model = fixture.models[entry.model]
            let found = try Self.search(
                candidates, prompt: entry.prompt, stopTokens: entry.stop_tokens,
                maxTokens: entry.max_tokens, sampling: entry.options.sampling,
                vocabularySize: model.current.count, descending: descending,
                model: model.logits)
            #expect(found.results.map(\.tokens) == entry.sequences, "\(entry)")
            for (result, score) in zip(found.results, entry.scores) {
                #expect(abs(result.score - score) <= 1e-5 * max(1, abs(score)), "\(entry)")
                #expect(result.isCut == !entry.stop_tokens.contains(result.tokens.last ?? -1))
            }
            #expect(found.steps == entry.steps, "\(entry)")
        }
    }

    @Test func tiesGoToTheLowerBeamThenTheLowerToken() throws {
        var candidates = CandidateOptions()
        (candidates.beams, candidates.n) = (3, 3)
        let found = try Self.search(
            candidates, prompt: [0], maxTokens: 2, vocabularySize: 5, descending: true
        ) { _ in [0, 0, 0, 0, 0] }
        #expect(found.results.map(\.tokens) == [[0, 0], [0, 1], [0, 2]])
    }

    @Test func oneBeamIsGreedy() throws {
        let model = try #require(DecodingFixtures.beams().models.first)
        var ids: [Int32] = [3, 4]
        for _ in 0..<8 {
            let logits = model.logits(after: ids)
            ids.append(Int32(Sampler.argMax(logits.span) ?? 0))
        }
        let found = try Self.search(
            CandidateOptions(), prompt: [3, 4], maxTokens: 8, vocabularySize: 24, model: model.logits)
        #expect(found.results.map(\.tokens) == [Array(ids[2...])])
    }

    @Test func endsASequenceWhereTheCallerSaysSo() throws {
        var candidates = CandidateOptions()
        (candidates.beams, candidates.earlyStopping) = (2, .always)
        candidates.n = 2
        let found = try Self.search(
            candidates, prompt: [0], maxTokens: 5, vocabularySize: 3, endsWhere: { $0.token == 2 }
        ) { _ in [0, -1, -0.5] }
        #expect(found.results.map { $0.tokens.last } == [2, 2])
        #expect(found.results.allSatisfy { !$0.isCut })
        #expect(found.steps < 5)
    }

    @Test func runsFewerBeamsWhereThereAreFewerContinuations() throws {
        var candidates = CandidateOptions()
        (candidates.beams, candidates.n) = (4, 4)
        let none = -Float.infinity
        let found = try Self.search(candidates, prompt: [0], maxTokens: 3, vocabularySize: 3) { ids in
            ids.count == 1 ? [none, 1, none] : [1, 0, none]
        }
        #expect(
            found.results.map(\.tokens) == [[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]])
    }

    @Test func reportsDamagedLogitsAndSettingsThatLeaveNothing() {
        #expect(throws: TokenChoiceError.notFinite) {
            _ = try Self.search(CandidateOptions(), prompt: [0], maxTokens: 3, vocabularySize: 2) { _ in
                [.nan, 1]
            }
        }
        var sampling = SamplingOptions()
        sampling.badWords = [[0], [1]]
        #expect(throws: TokenChoiceError.nothingLeft) {
            _ = try Self.search(
                CandidateOptions(), prompt: [0], maxTokens: 3, sampling: sampling, vocabularySize: 2
            ) { _ in [0, 1] }
        }
    }

    @Test func nothingToGenerateIsFinished() {
        let search = BeamSearch(CandidateOptions(), stopTokens: [], maxTokens: 0)
        #expect(search.isFinished)
        #expect(search.results.isEmpty)
    }
}
