import Foundation
import LlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaGeneration

/// Beam searches through the whole engine find the sequences and scores of transformers' `generate`.
struct GeneratedBeamsTests {
    /// A case of `tools/make_beam_fixtures.py`.
    struct Search: Decodable {
        let model: String
        let prompt: [Int32]
        let beams: Int
        let n: Int
        let maxTokens: Int
        let lengthPenalty: Float
        let earlyStopping: CandidateOptions.EarlyStopping
        let stopTokens: Set<Int32>
        let sequences: [[Int32]]
        let scores: [Float]

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            model = try values.decode(String.self, forKey: .model)
            prompt = try values.decode([Int32].self, forKey: .prompt)
            beams = try values.decode(Int.self, forKey: .beams)
            n = try values.decode(Int.self, forKey: .n)
            maxTokens = try values.decode(Int.self, forKey: .maxTokens)
            lengthPenalty = try values.decode(Float.self, forKey: .lengthPenalty)
            stopTokens = try values.decode(Set<Int32>.self, forKey: .stopTokens)
            sequences = try values.decode([[Int32]].self, forKey: .sequences)
            scores = try values.decode([Float].self, forKey: .scores)
            let isEarly = try? values.decode(Bool.self, forKey: .earlyStopping)
            earlyStopping = isEarly.map { $0 ? .always : .likely } ?? .never
        }

        enum CodingKeys: String, CodingKey {
            case model, prompt, beams, n, sequences, scores
            case maxTokens = "max_tokens"
            case lengthPenalty = "length_penalty"
            case earlyStopping = "early_stopping"
            case stopTokens = "stop_tokens"
        }
    }

    private static func searches() throws -> [Search] {
        let file = try Fixtures.folder.appending(path: "Decoding/generated_beams.json")
        return try JSONDecoder().decode([Search].self, from: Data(contentsOf: file))
    }

    @Test func agreesOnSmallModels() throws {
        for name in ["hf-tied-f32", "hf-biased-bf16"] {
            try check(try TestModel.fixture(name, hasTokenizer: false), name)
        }
    }

    @Test(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
    func agreesOnStories() throws {
        try check(
            try TestModel(folder: TestData.url("checkpoints/stories260K"), tokenizer: nil), "stories260K")
    }

    private func check(_ model: TestModel, _ name: String) throws {
        let searches = try Self.searches().filter { $0.model == name }
        #expect(searches.count >= 8)
        for search in searches {
            var options = GenerationOptions.test(search.maxTokens)
            options.stopTokens = search.stopTokens
            options.candidates.beams = search.beams
            options.candidates.n = search.n
            options.candidates.lengthPenalty = search.lengthPenalty
            options.candidates.earlyStopping = search.earlyStopping
            let completions = try model.complete([Prompt(.ids(search.prompt), source: "test")], options)
                .completions.sorted { $0.choice < $1.choice }
            let expected = search.sequences.map { ids in
                ids.last.map(search.stopTokens.contains) == true ? Array(ids.dropLast()) : ids
            }
            #expect(completions.map(\.completionIDs) == expected, "\(search)")
            for (completion, score) in zip(completions, search.scores) {
                let found = try #require(completion.score)
                #expect(abs(found - score) <= 1e-4 * max(1, abs(score)), "\(search)")
            }
        }
    }
}
