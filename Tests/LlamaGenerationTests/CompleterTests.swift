import LlamaTokenizers
import LlamaKernels
import Testing

@testable import LlamaGeneration

struct CompleterTests {
    @Test func completesMorePromptsThanThereAreSlots() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let prompts = model.randomPrompts((0..<23).map { 1 + $0 * 5 % 19 })
        let result = try model.complete(prompts, .test(4), batch: 3)
        #expect(result.completions.map(\.index) == Array(0..<23))
        #expect(result.completions.map(\.promptIDs) == prompts.map(\.ids))
        #expect(result.completions.allSatisfy { $0.completionIDs.count == 4 && $0.finishReason == .length })
        #expect(result.statistics.generatedTokens == 23 * 4)
        #expect(result.statistics.promptTokens == prompts.map(\.ids.count).reduce(0, +))
    }

    @Test func eventsReportEachTokenOnceAndAllOfTheText() throws {
        let model = try TestModel.fixture()
        let prompts = ["The", "", "a tokenizer stands", "é"].map(Prompt.text)
        let result = try model.complete(prompts, .test(40, temperature: 1.5), batch: 2)
        var ids = [[Int32]](repeating: [], count: 4)
        var texts = [String](repeating: "", count: 4)
        var read = 0
        for event in result.events {
            switch event {
            case .read(_, let count): read += count
            case .token(let index, _, let id, let text, _):
                ids[index].append(id)
                texts[index] += text
            case .finished(let index, _, let rest): texts[index] += rest
            case .ended, .failed: break
            }
        }
        #expect(read == result.statistics.promptTokens)
        for completion in result.completions {
            #expect(completion.completionIDs == ids[completion.index])
            #expect(completion.text == texts[completion.index])
            #expect(completion.prompt == prompts[completion.index].text)
        }
    }

    @Test func completionTextContinuesThePrompts() throws {
        let model = try TestModel.fixture()
        let tokenizer = try #require(model.tokenizer)
        for completion in try model.complete([.text("The engine"), .text("")], .test(30)).completions {
            let whole = tokenizer.decode(completion.promptIDs + completion.completionIDs)
            #expect(whole == tokenizer.decode(completion.promptIDs) + (completion.text ?? ""))
        }
    }

    @Test func decodesAPromptGivenAsIDs() throws {
        let model = try TestModel.fixture()
        let tokenizer = try #require(model.tokenizer)
        let ids = tokenizer.encode("The engine", addBOS: true)
        let completion = try #require(
            try model.complete([Prompt(.ids(ids), source: "test")], .test(3)).completions.first)
        #expect(completion.prompt == "The engine")
    }

    @Test func hasNoTextWithoutATokenizer() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let completion = try #require(try model.complete([.ids(5, 6)], .test(3)).completions.first)
        #expect(completion.text == nil)
        #expect(completion.prompt == nil)
        #expect(completion.completionIDs.count == 3)
    }

    @Test func usesIDsAsTheyAre() throws {
        let model = try TestModel.fixture()
        let result = try model.complete([.ids(5), .ids(1, 5), .text("a")], .test(1))
        let bos = try #require(model.tokenizer?.bosID)
        #expect(result.completions.prefix(2).map(\.promptIDs) == [[5], [1, 5]])
        #expect(result.completions[2].promptIDs.first == bos)
    }

    @Test func stopsBeforeAStopToken() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let prompts = model.randomPrompts([6, 3])
        let free = try model.complete(prompts, .test(20, logprobs: 1)).completions
        let stop = free[0].completionIDs[4]
        for (completion, full) in zip(
            try model.complete(prompts, .test(20, logprobs: 1, stop: [stop])).completions, free)
        {
            let kept = Array(full.completionIDs.prefix { $0 != stop })
            #expect(completion.completionIDs == kept)
            #expect(completion.finishReason == (kept.count < 20 ? .stop : .length))
            #expect(completion.logprobs?.count == kept.count)
        }
    }

    @Test func aStopTokenInThePromptStopsNothing() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let prompts = model.randomPrompts([12])
        let free = try model.complete(prompts, .test(3)).completions[0]
        let stop = Set(prompts[0].ids).subtracting(free.completionIDs)
        #expect(!stop.isEmpty)
        let completion = try model.complete(prompts, .test(3, stop: stop)).completions[0]
        #expect(completion.completionIDs == free.completionIDs)
        #expect(completion.finishReason == .length)
    }

    @Test func endsAtTheFirstOfBothLimits() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let prompts = model.randomPrompts([2, 7, 9, 10])
        let completions = try model.complete(prompts, .test(3, sequence: 10), batch: 2).completions
        #expect(completions.map(\.completionIDs.count) == [3, 3, 1, 0])
        #expect(completions.allSatisfy { $0.finishReason == .length })
    }

    @Test(arguments: [0, 1, 3])
    func scoresPromptsWithoutGenerating(top: Int) throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let prompts = model.randomPrompts([1, 2, 600])
        let scored = try model.complete(prompts, .test(0, logprobs: top, echo: true), batch: 2).completions
        let generated = try model.complete(prompts, .test(2, logprobs: top, echo: true)).completions
        for ((mine, other), prompt) in zip(zip(scored, generated), prompts) {
            let logprobs = try #require(mine.logprobs)
            #expect(mine.completionIDs.isEmpty)
            #expect(logprobs.count == prompt.ids.count)
            #expect(logprobs[0] == nil)
            #expect(logprobs.dropFirst().allSatisfy { $0?.top.count == top })
            #expect(Array(try #require(other.logprobs).prefix(logprobs.count)) == logprobs)
            #expect(other.logprobs?.count == logprobs.count + 2)
        }
    }

    @Test func reportsLogprobsOfTheCompletionAlone() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let completion = try model.complete([.ids(4, 5, 6)], .test(5, logprobs: 2)).completions[0]
        let logprobs = try #require(completion.logprobs)
        #expect(logprobs.count == 5)
        // Greedy, so the token is the likeliest.
        #expect(logprobs.map { $0?.top.first?.id } == completion.completionIDs)
        #expect(logprobs.allSatisfy { $0?.token == $0?.top.first?.logprob })
        #expect(try model.complete([.ids(4, 5, 6)], .test(5, echo: true)).completions[0].logprobs == nil)
    }

    @Test func generatesNothingAtLengthZero() throws {
        let model = try TestModel.fixture()
        let result = try model.complete([.text("a"), .text("b"), .text("c")], .test(0), batch: 2)
        #expect(result.completions.map(\.text) == ["", "", ""])
        #expect(result.statistics.timeToFirstToken == nil)
    }

    @Test func stopsWhenTheObserverSaysSo() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let prompts = model.randomPrompts([3, 4, 5])
        var tokens = 0
        let atToken = try model.complete(prompts, .test(50)) { event in
            if case .token = event { tokens += 1 }
            return tokens == 7
        }
        #expect(tokens == 7)
        #expect(atToken.completions.isEmpty)
        let atEnd = try model.complete(prompts, .test(2), batch: 1) { event in
            if case .finished = event { true } else { false }
        }
        #expect(atEnd.completions.map(\.index) == [0])
        // A prompt of several passes can be left between two of them.
        let atRead = try model.complete(model.randomPrompts([1000]), .test(2)) { event in
            if case .read = event { true } else { false }
        }
        #expect(atRead.events.count == 1)
        #expect((1..<1000).contains(atRead.statistics.promptTokens))
    }

    @Test func lengthsMayBeAsLargeAsNumbersAre() throws {
        let model = try TestModel.fixture(hasTokenizer: false)
        let result = try model.complete([.ids(1, 2)], .test(.max, sequence: 40))
        #expect(result.completions[0].completionIDs.count == 38)
        #expect(try model.complete([.ids(1)], .test(2, sequence: .max)).completions.count == 1)
        #expect(throws: KernelError.self) { try model.complete([.ids(1)], .test(.max, sequence: .max)) }
        #expect(try model.complete([.ids(1)], .test(-1)).completions[0].completionIDs.isEmpty)
    }
}
