import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaGeneration

/// A trained model against PyTorch's results.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct StoriesTests {
    struct Golden: Decodable {
        let prompt: String
        let prompt_ids: [Int32]
        let max_gen_len: Int
        let completion_ids: [Int32]
        let text: String
        let mean_logprob: Double
    }

    let model: TestModel
    let goldens: [Golden]

    init() throws {
        let folder = try TestData.url("checkpoints/stories260K")
        model = try TestModel(folder: folder, tokenizer: folder.appending(path: "tokenizer.model"))
        let data = try Data(contentsOf: folder.appending(path: "golden.json"))
        goldens = try JSONDecoder().decode([Golden].self, from: data)
    }

    @Test func reproducesTheGoldenCompletions() throws {
        #expect(goldens.count == 5)
        for golden in goldens {
            let options = GenerationOptions.test(golden.max_gen_len, sequence: 512, logprobs: 0, echo: true)
            let completion = try model.complete([.text(golden.prompt)], options).completions[0]
            #expect(completion.promptIDs == golden.prompt_ids)
            #expect(completion.completionIDs == golden.completion_ids)
            // By bytes, as == considers canonically equivalent texts equal.
            let text = golden.prompt + (completion.text ?? "")
            #expect(Array(text.utf8) == Array(golden.text.utf8))
            #expect(completion.finishReason == .length)
            let logprobs = try #require(completion.logprobs).compactMap { $0.map { Double($0.token) } }
            #expect(logprobs.count == golden.prompt_ids.count + golden.completion_ids.count - 1)
            #expect(abs(logprobs.reduce(0, +) / Double(logprobs.count) - golden.mean_logprob) < 1e-4)
        }
    }

    @Test(arguments: [0, 0.9] as [Float])
    func resultsAreIndependentOfBatchComposition(temperature: Float) throws {
        // Eight prompts, the last as long as two passes and cut in chunks where others come first.
        let long = String(goldens[0].text.prefix(120)) + String(goldens[1].text.prefix(300))
        let texts = goldens.map(\.prompt) + ["Tom", "One day, a cat", long]
        let prompts = texts.map(Prompt.text)
        let options = GenerationOptions.test(
            24, temperature: temperature, sequence: 512, logprobs: 5, echo: true)
        let together = try model.complete(prompts, options, threads: 1).completions.map(\.json)
        #expect(try model.complete(prompts, options, threads: 2).completions.map(\.json) == together)
        #expect(
            try model.complete(prompts, options, threads: 1, batch: 1).completions.map(\.json) == together)
        #expect(
            try model.complete(prompts, options, threads: 2, batch: 1).completions.map(\.json) == together)
    }
}
