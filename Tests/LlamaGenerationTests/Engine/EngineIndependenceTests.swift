import LlamaKernels
import LlamaModel
import LlamaTestSupport
import Testing

@testable import LlamaGeneration

/// What a request gets depends on itself alone, whatever else happens.
struct EngineIndependenceTests {
    /// The result of a request that has an engine to itself.
    private func alone(_ model: TestModel, _ request: GenerationRequest) throws -> [String] {
        var plain = request
        plain.options.lookupDrafts = 0
        var limits = EngineLimits(positions: 512)
        limits.sequences = 4
        let completer = Completer(
            model: model.transformer, tokenizer: nil, kernels: try KernelContext(threads: 1))
        var results: [String] = []
        try completer.prepare([plain], limits).complete { event in
            if case .finished(_, let completion, _) = event { results.append(completion.json) }
            return true
        }
        return results.sorted()
    }

    /// Random arrivals and cancellations, a cache that holds a fraction of what is asked for, mixed options.
    @Test(arguments: [(1, 0), (2, 0), (1, 4), (2, 4)])
    func twoHundredRequestsGetWhatTheyGetAlone(threads: Int, drafts: Int) async throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        var limits = EngineLimits(positions: 512)
        limits.sequences = 7
        limits.rows = 48
        // Room for two of the longest sequences.
        limits.cacheBytes =
            16 * PageTable.positions * KVCache.bytesPerPosition(model.transformer.configuration)
        let engine = try Engine(model: model.transformer, tokenizer: nil, limits: limits) {
            try KernelContext(threads: threads)
        }
        var generation = RandomGeneration(vocabularySize: model.vocabularySize, seed: 77)
        generation.lookupDrafts = drafts
        let requests = (0..<200).map { generation.next(stream: $0) }
        let results = try await withThrowingTaskGroup(of: (Int, [Completion]?).self) { group in
            for (index, request) in requests.enumerated() {
                // Bursts, with pauses in which some of them end.
                if index % 17 == 0 { try await Task.sleep(for: .milliseconds(3)) }
                group.addTask {
                    let isCancelled = index % 5 == 3
                    var updates = 0
                    var completions: [Completion] = []
                    for try await update in try engine.submit(request) {
                        updates += 1
                        if let completion = update.completion { completions.append(completion) }
                        if isCancelled, updates > index % 4 { return (index, nil) }
                    }
                    return (index, isCancelled ? nil : completions)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(results.count == 160)
        for (index, completions) in results {
            #expect(try alone(model, requests[index]) == completions.map(\.json).sorted(), "request \(index)")
        }
    }

    @Test func leavesNoPageWhereRequestsWereCancelled() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        var limits = EngineLimits(positions: 512)
        limits.sequences = 5
        limits.cacheBytes =
            12 * PageTable.positions * KVCache.bytesPerPosition(model.transformer.configuration)
        let core = try EngineCore(
            model: model.transformer, tokenizer: nil, limits: limits, kernels: KernelContext(threads: 1))
        var generation = RandomGeneration(vocabularySize: model.vocabularySize, seed: 5)
        var random = SeededGenerator(seed: 6)
        for number in 0..<120 {
            let request = generation.next(stream: number)
            core.submit(request, ids: try core.check.ids(of: request), as: number)
            for _ in 0..<Int.random(in: 0...3, using: &random) { try core.step { _ in } }
            if Bool.random(using: &random) { core.cancel(Int.random(in: 0...number, using: &random)) }
        }
        for _ in 0..<20_000 where !core.isIdle { try core.step { _ in } }
        #expect(core.isIdle)
        #expect(core.scheduler.isEmpty)
        #expect(core.scheduler.pool.heldCount == 0)
        #expect(core.scheduler.pool.available == 12)
        #expect(core.owners.allSatisfy { $0 == nil })
    }

    @Test func draftsChangeNothingAndSavePasses() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        var options = GenerationOptions.test(200)
        let prompt = Prompt.ids(5, 6, 7, 5, 6, 7, 5, 6)
        let plain = try model.complete([prompt], options)
        options.lookupDrafts = 8
        let drafted = try model.complete([prompt], options)
        #expect(drafted.completions.map(\.json) == plain.completions.map(\.json))
        #expect(drafted.statistics.acceptedDrafts > 80)
        #expect(drafted.statistics.draftedTokens >= drafted.statistics.acceptedDrafts)
        #expect(drafted.statistics.generatedTokens == 200)
    }

    /// Drafts of the model itself are right, those of another one mostly wrong.
    @Test(arguments: ["hf-tied-f32", "hf-biased-bf16"], [0, 0.9] as [Float])
    func aDraftModelChangesNothing(_ name: String, temperature: Float) throws {
        let model = try TestModel.fixture("hf-tied-f32", hasTokenizer: false)
        let draft = try TestModel.fixture(name, hasTokenizer: false)
        var limits = EngineLimits(positions: 400)
        limits.sequences = 3
        var options = GenerationOptions.test(40, temperature: temperature, logprobs: 1)
        func run(_ drafts: Int) throws -> (results: [String], statistics: GenerationStatistics) {
            options.modelDrafts = drafts
            let completer = Completer(
                model: model.transformer, draft: draft.transformer, tokenizer: nil,
                kernels: try KernelContext(threads: 1))
            var results: [String] = []
            let statistics = try completer.prepare(
                model.randomPrompts([3, 40, 7, 300, 2]).enumerated().map {
                    GenerationRequest($1, options: options, stream: $0)
                }, limits
            ).complete { event in
                if case .finished(_, let completion, _) = event { results.append(completion.json) }
                return true
            }
            return (results.sorted(), statistics)
        }
        let plain = try run(0)
        let drafted = try run(4)
        #expect(drafted.results == plain.results)
        #expect(drafted.statistics.draftedTokens > 0)
        if name == "hf-tied-f32" { #expect(drafted.statistics.acceptedDrafts > 80) }
    }
}
