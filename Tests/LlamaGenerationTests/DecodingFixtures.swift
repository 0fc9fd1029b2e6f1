import Foundation
import LlamaTestSupport

@testable import LlamaGeneration

/// What `tools/make_logits_fixtures.py` wrote.
enum DecodingFixtures {
    /// Settings by their names in a prompt line.
    struct Options: Decodable, Sendable {
        var temperature: Float?
        var top_k: Int?
        var top_p: Float?
        var min_p: Float?
        var typical_p: Float?
        var repetition_penalty: Float?
        var frequency_penalty: Float?
        var presence_penalty: Float?
        var logit_bias: [String: Float]?
        var bad_words: [[Int32]]?
        var min_tokens: Int?

        var sampling: SamplingOptions {
            var options = SamplingOptions()
            options.temperature = temperature ?? 1
            options.topK = top_k ?? 0
            options.topP = top_p ?? 1
            options.minP = min_p ?? 0
            options.typicalP = typical_p ?? 1
            options.repetitionPenalty = repetition_penalty ?? 1
            options.frequencyPenalty = frequency_penalty ?? 0
            options.presencePenalty = presence_penalty ?? 0
            for (id, bias) in logit_bias ?? [:] { options.logitBias[Int32(id) ?? -1] = bias }
            options.badWords = bad_words ?? []
            options.minTokens = min_tokens ?? 0
            return options
        }
    }

    /// Logits, and what transformers' processors make of them.
    struct Logits: Decodable {
        struct Case: Decodable, Sendable {
            let logits: Int
            let history: [Int32]
            let prompt_count: Int
            let stop_tokens: Set<Int32>
            let options: Options
            let kept: [Int]
            let scores: [Float]
            /// Whether the edge of the nucleus falls among equal logits.
            let tied: Bool?
        }

        /// Nil for minus infinity.
        let logits: [[Float?]]
        let cases: [Case]
    }

    /// Models, and what transformers' beam search finds in them.
    struct Beams: Decodable {
        struct Model: Decodable, Sendable {
            let current: [[Float]]
            let previous: [[Float]]
            let positions: [[Float]]

            func logits(after ids: [Int32]) -> [Float] {
                let last = current[Int(ids[ids.count - 1])]
                let before = previous[Int(ids[ids.count - 2])]
                return last.indices.map { last[$0] + before[$0] + positions[ids.count - 1][$0] }
            }
        }

        struct Candidates: Decodable, Sendable {
            let beams: Int
            let n: Int
            let length_penalty: Float
            let early_stopping: String
        }

        struct Case: Decodable, Sendable {
            let model: Int
            let prompt: [Int32]
            let stop_tokens: Set<Int32>
            let max_tokens: Int
            let candidates: Candidates
            let options: Options
            let steps: Int
            let sequences: [[Int32]]
            let scores: [Float]
        }

        let models: [Model]
        let cases: [Case]
    }

    static func logits() throws -> Logits { try load("logits.json") }

    static func beams() throws -> Beams { try load("beams.json") }

    private static func load<T: Decodable>(_ name: String) throws -> T {
        let url = try Fixtures.folder.appending(path: "Decoding/\(name)")
        return try JSONDecoder().decode(T.self, from: Data(contentsOf: url))
    }
}
