import Foundation
import LlamaGeneration
import LlamaKernels
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints
@testable import SwiftLlama

struct ScoreTests {
    @Test func scoresAreThoseOfTheEngine() async throws {
        let llama = try Llama.fixture()
        let text = "A text that is scored"
        let score = try await llama.score(.text(text), top: 3)
        let ids = try llama.tokenIDs(of: text)
        #expect(score.tokenIDs == ids)
        #expect(score.logprobs.count == ids.count)
        #expect(score.logprobs.first == .some(nil))

        var options = llama.model.generationOptions
        options.maxGenerationLength = 0
        options.logprobs = 3
        options.echo = true
        let completer = llama.model.completer(kernels: try KernelContext(threads: 2))
        var entries: [LlamaGeneration.TokenLogprobs?] = []
        let request = GenerationRequest(
            LlamaGeneration.Prompt(.text(text), source: "test"), options: options)
        try completer.prepare([request], EngineLimits(positions: 256)).complete { event in
            if case .finished(_, let completion, _) = event { entries = completion.logprobs ?? [] }
            return true
        }
        #expect(score.logprobs == entries.map { $0.map(SwiftLlama.TokenLogprobs.init) })
        let sum = entries.reduce(0.0) { $0 + Double($1?.token ?? 0) }
        #expect(score.logprob == sum)
        #expect(sum < 0)
        #expect(abs(score.perplexity - exp(-sum / Double(ids.count - 1))) < 1e-9 * score.perplexity)

        // The tokens of a completion score what was reported when they were generated.
        var generated = CompletionOptions.test(20)
        generated.logprobs = 0
        let completion = try await llama.generate("A", options: generated).completion()
        let whole = try await llama.score(.tokenIDs(completion.promptTokenIDs + completion.tokenIDs))
        #expect(
            whole.logprobs.suffix(20).map { $0?.logprob } == completion.logprobs?.map { $0?.logprob })
    }

    @Test func oneTokenHasNothingToPredict() async throws {
        let llama = try Llama.fixture(hasTokenizer: false)
        let score = try await llama.score(.tokenIDs([3]))
        #expect(score.logprobs == [nil])
        #expect(score.predictedCount == 0)
        #expect(score.logprob == 0)
        #expect(score.perplexity == 1)
        let error = await #expect(throws: LlamaError.self) { try await llama.score("a", top: -1) }
        #expect(error?.description == "top: expected at least 0, found -1")
    }

    @Test func embeddingsAreTheRowsOfTheMatrix() throws {
        let llama = try Llama.fixture(hasTokenizer: false)
        let rows = try llama.embedding(of: [7, 0, 7])
        #expect(rows.count == 3)
        #expect(rows.allSatisfy { $0.count == llama.shape.dim })
        #expect(rows[0] == rows[2])
        #expect(rows[0] != rows[1])
        let file = try Fixtures.checkpoint("hf-tied-f32").appending(path: "model.safetensors")
        let tensors = try SafetensorsFile.open(file.path).tensors
        let stored = try #require(tensors["model.embed_tokens.weight"]?.floats())
        #expect(rows[0] == Array(stored[7 * llama.shape.dim..<8 * llama.shape.dim]))
        #expect(try llama.embedding(of: []).isEmpty)
        for id in [-1, Int32(llama.shape.vocabularySize), .max] {
            let error = #expect(throws: LlamaError.self) { try llama.embedding(of: [0, id]) }
            #expect(error?.description.hasPrefix("tokenIDs: expected token ids below") == true)
        }
    }
}
