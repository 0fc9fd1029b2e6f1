import Glibc
import LlamaKernels
import LlamaModel
import Testing

@testable import LlamaGeneration

/// Results depend on the prompt, its index and the options only, bit for bit.
struct IndependenceTests {
    // One is longer than a forward pass, so that it runs in chunks, cut differently in every batch.
    static let lengths = [5, 1, 300, 17, 40, 2, 33, 9, 64, 3, 16]

    @Test(arguments: TestModel.names, [0, 0.8] as [Float])
    func resultsDoNotDependOnBatchThreadsOrNeighbors(name: String, temperature: Float) throws {
        let model = try TestModel.fixture(name, hasTokenizer: false)
        let prompts = model.randomPrompts(Self.lengths)
        func lines(batch: Int, threads: Int) throws -> [String] {
            let options = GenerationOptions.test(
                12, temperature: temperature, logprobs: 3, echo: true)
            return try model.complete(prompts, options, threads: threads, batch: batch).completions
                .map { Completion.json([$0]) }
        }
        let oneByOne = try lines(batch: 1, threads: 1)
        #expect(oneByOne.count == prompts.count)
        for (batch, threads) in [(1, 2), (3, 1), (8, 2)] {
            #expect(
                try lines(batch: batch, threads: threads) == oneByOne, "batch \(batch), threads \(threads)")
        }
    }

    @Test(arguments: TestModel.names)
    func aPromptGetsTheSameAloneAndInABatch(name: String) throws {
        let model = try TestModel.fixture(name, hasTokenizer: false)
        let prompts = model.randomPrompts(Self.lengths)
        let options = GenerationOptions.test(10, logprobs: 2, echo: true)
        let together = try model.complete(prompts, options).completions
        let reversed = try model.complete(prompts.reversed(), options, threads: 2).completions.reversed()
        for ((prompt, other), backwards) in zip(zip(prompts, together), reversed) {
            let alone = try #require(try model.complete([prompt], options).completions.first)
            for completion in [other, backwards] {
                #expect(completion.completionIDs == alone.completionIDs)
                #expect(completion.logprobs == alone.logprobs)
            }
        }
    }

    @Test(arguments: TestModel.names, [0, 0.8] as [Float])
    func agreesWithALoopOfSingleTokens(name: String, temperature: Float) throws {
        let model = try TestModel.fixture(name, hasTokenizer: false)
        let options = GenerationOptions.test(9, temperature: temperature, logprobs: 1, echo: true)
        let prompts = model.randomPrompts([4, 270, 1])
        for completion in try model.complete(prompts, options).completions {
            let expected = try naive(model, completion.promptIDs, index: completion.index, options)
            #expect(completion.completionIDs == expected.ids)
            let logprobs = try #require(completion.logprobs)
            #expect(logprobs.count == expected.logprobs.count)
            for (mine, theirs) in zip(logprobs, expected.logprobs) {
                #expect((mine == nil) == (theirs == nil))
                #expect(abs((mine?.token ?? 0) - (theirs ?? 0)) < 1e-5)
            }
        }
    }

    /// One token per forward pass, logits normalized here.
    private func naive(
        _ model: TestModel, _ prompt: [Int32], index: Int, _ options: GenerationOptions
    ) throws -> (ids: [Int32], logprobs: [Float?]) {
        let total = prompt.count + options.maxGenerationLength
        let state = try InferenceState(
            model.transformer.configuration, slots: 1, length: total, kernels: KernelContext(threads: 1))
        var ids = prompt
        var logprobs: [Float?] = [nil]
        for position in 0..<total - 1 {
            state.batch.removeAll()
            try state.batch.append(token: ids[position], position: position, slot: 0)
            try model.transformer.forward(state, logitsFor: [0]) { _, logits in
                if position + 1 == ids.count {
                    let sampler = Sampler(
                        temperature: options.sampling.temperature, topP: options.sampling.topP,
                        seed: options.sampling.seed)
                    ids.append(sampler.next(logits, prompt: index, position: position + 1) ?? -1)
                }
                let sum = logits.indices.reduce(0) { $0 + exp(Double(logits[$1])) }
                logprobs.append(Float(Double(logits[Int(ids[position + 1])]) - log(sum)))
            }
        }
        return (Array(ids[prompt.count...]), logprobs)
    }
}
