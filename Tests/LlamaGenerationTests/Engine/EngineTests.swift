import LlamaKernels
import LlamaModel
import Testing

@testable import LlamaGeneration

struct EngineTests {
    private func engine(
        _ model: TestModel, positions: Int = 2048, _ change: (inout EngineLimits) -> Void = { _ in }
    ) throws -> Engine {
        var limits = EngineLimits(positions: positions)
        change(&limits)
        return try Engine(model: model.transformer, tokenizer: model.tokenizer, limits: limits) {
            try KernelContext(threads: 1)
        }
    }

    @Test func streamsTextThatAddsUpToTheCompletion() async throws {
        let model = try TestModel.fixture()
        let engine = try engine(model)
        var options = GenerationOptions.test(50, temperature: 1, logprobs: 2)
        options.candidates.n = 3
        let stream = try engine.submit(GenerationRequest(.text("The engine"), options: options))
        var texts = ["", "", ""]
        var ids: [[Int32]] = [[], [], []]
        var completions: [Completion] = []
        for try await update in stream {
            texts[update.choice] += update.text
            ids[update.choice] += update.ids
            #expect(update.logprobs.count == update.ids.count)
            if let completion = update.completion { completions.append(completion) }
        }
        #expect(completions.map(\.choice).sorted() == [0, 1, 2])
        for completion in completions {
            #expect(completion.text == texts[completion.choice])
            #expect(completion.completionIDs == ids[completion.choice])
        }
        // Samples of one prompt differ.
        #expect(Set(texts).count == 3)
    }

    /// The stop token counts: else a completion without tokens would be better than every other one.
    @Test func comparesChoicesByAllTokensThatWereChosen() async throws {
        let model = try TestModel.fixture()
        var options = GenerationOptions.test(4, temperature: 1)
        options.stopTokens = Set(0..<Int32(model.vocabularySize / 2))
        (options.candidates.n, options.candidates.bestOf) = (15, 16)
        var completions: [Completion] = []
        let request = GenerationRequest(.text("The engine"), options: options)
        for try await update in try engine(model).submit(request) {
            if let completion = update.completion { completions.append(completion) }
        }
        #expect(completions.contains { $0.completionIDs.isEmpty })
        #expect(completions.allSatisfy { $0.score ?? 0 < 0 })
    }

    @Test func refusesWhatCannotBeCompletedAndGoesOn() async throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let engine = try engine(model, positions: 100)
        let long = GenerationRequest(model.randomPrompts([101])[0], options: .test(1))
        let error = #expect(throws: GenerationError.self) { try engine.submit(long) }
        #expect(
            error?.description
                == "prompt 0: expected at most 100 tokens, found 101; shorten it or raise --max-seq-len")
        var beams = GenerationOptions.test(5)
        beams.candidates.beams = 9
        #expect(throws: GenerationError.self) {
            try engine.submit(GenerationRequest(.ids(1), options: beams))
        }
        var contradiction = GenerationOptions.test(5)
        contradiction.sampling.topP = .nan
        let option = #expect(throws: GenerationError.self) {
            try engine.submit(GenerationRequest(.ids(1), options: contradiction))
        }
        #expect(option?.description == "test: top_p: expected above 0, at most 1, found nan")
        var last: Completion?
        for try await update in try engine.submit(GenerationRequest(.ids(1), options: .test(5))) {
            last = update.completion
        }
        #expect(last?.completionIDs.count == 5)
    }

    @Test func refusesAStopStringThatNoCompletionCanContain() throws {
        let model = try TestModel.fixture()
        let engine = try engine(model)
        var options = GenerationOptions.test(5)
        options.stopStrings = ["a", String(repeating: "b", count: 100)]
        let error = #expect(throws: GenerationError.self) {
            try engine.submit(GenerationRequest(.text("x"), options: options))
        }
        #expect(
            error?.description.hasPrefix("test: stop: expected at most ") == true
                && error?.description.hasSuffix(" bytes, as no completion is longer, found 100") == true)
        options.stopStrings = ["bbbbb"]
        _ = try engine.submit(GenerationRequest(.text("x"), options: options))
    }

    @Test func aRequestWithNothingLeftEndsAlone() async throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let engine = try engine(model)
        var banned = GenerationOptions.test(5)
        banned.sampling.badWords = (0..<Int32(model.vocabularySize)).map { [$0] }
        let good = try engine.submit(GenerationRequest(.ids(1, 2), options: .test(30)))
        let bad = try engine.submit(GenerationRequest(.ids(1), options: banned))
        let error = await #expect(throws: GenerationError.self) {
            for try await _ in bad {}
        }
        #expect(error == .noTokenLeft(source: "test", position: 1))
        var ids: [Int32] = []
        for try await update in good { ids += update.ids }
        #expect(ids.count == 30)
    }

    @Test func aSlowConsumerGetsJoinedUpdates() async throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let engine = try engine(model)
        let slow = try engine.submit(GenerationRequest(.ids(1), options: .test(40)))
        var iterator = slow.makeAsyncIterator()
        // Another request runs to its end after it, so all of the first one has been delivered.
        for try await _ in try engine.submit(GenerationRequest(.ids(2), options: .test(60))) {}
        let update = try #require(try await iterator.next())
        #expect(update.ids.count == 40)
        #expect(update.completion?.completionIDs == update.ids)
        #expect(try await iterator.next() == nil)
    }

    @Test func endsWaitingRequestsWhenItIsShutDown() async throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let engine = try engine(model)
        let streams = try (0..<12).map { _ in
            try engine.submit(GenerationRequest(.ids(1), options: .test(2000)))
        }
        engine.shutDown()
        for stream in streams {
            let error = await #expect(throws: GenerationError.self) { for try await _ in stream {} }
            #expect(error == .shutDown)
        }
        #expect(throws: GenerationError.shutDown) {
            try engine.submit(GenerationRequest(.ids(1), options: .test(1)))
        }
    }

    @Test func aCancelledTaskStopsWaiting() async throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let engine = try engine(model)
        let task = Task {
            var count = 0
            for try await update in try engine.submit(GenerationRequest(.ids(1), options: .test(2000))) {
                count += update.ids.count
            }
            return count
        }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        #expect(try await task.value < 2000)
        // The slot is free again at once.
        for try await _ in try engine.submit(GenerationRequest(.ids(1), options: .test(2))) {}
    }

    @Test func saysThatTheCacheIsTooSmall() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let error = #expect(throws: GenerationError.self) { try engine(model) { $0.cacheBytes = 100 } }
        let page = PageTable.positions * KVCache.bytesPerPosition(model.transformer.configuration)
        #expect(
            error?.description == "--kv-memory: expected at least \(page) bytes, found 100")
        let small = try self.engine(model) { $0.cacheBytes = 2 * page }
        let refused = #expect(throws: GenerationError.self) {
            try small.submit(GenerationRequest(.ids(1), options: .test(200)))
        }
        #expect(refused == .exceedsCache(source: "test", sequences: 1, positions: 201, limit: 128))
    }
}
