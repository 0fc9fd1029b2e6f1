import Foundation
import LlamaTestSupport
import Testing

@testable import SwiftLlama

struct GenerationTests {
    @Test func piecesAddUpToTheCompletions() async throws {
        let llama = try await Llama(
            at: Fixtures.checkpoint("hf-tied-f32").path, tokenizer: Fixtures.tokenizer("char.model").path)
        var options = CompletionOptions.test(30)
        options.n = 3
        options.logprobs = 2
        var texts = ["", "", ""]
        var ids: [[Int32]] = [[], [], []]
        var logprobs: [[TokenLogprobs]] = [[], [], []]
        var completions: [Completion] = []
        for try await piece in llama.generate("The front door", options: options) {
            texts[piece.choice] += piece.text
            ids[piece.choice] += piece.tokenIDs
            logprobs[piece.choice] += piece.logprobs
            if let completion = piece.completion { completions.append(completion) }
        }
        completions.sort { $0.choice < $1.choice }
        #expect(completions.map(\.text) == texts)
        #expect(completions.map(\.tokenIDs) == ids)
        #expect(completions.map { $0.logprobs?.compactMap(\.self) } == logprobs)
        #expect(completions.allSatisfy { $0.tokenIDs.count == 30 && $0.finishReason == .length })
        #expect(logprobs.joined().allSatisfy { $0.top.count == 2 && $0.logprob < 0 })
        #expect(Set(texts).count == 3)
        // Every way of asking gives the same.
        #expect(try await llama.generate("The front door", options: options).completions() == completions)
        #expect(try llama.complete(["The front door"], options: options) == completions)
        let streamed = try await llama.textStream("The front door", options: options).reduce("", +)
        #expect(streamed == texts[0])
    }

    /// More tasks than sequences at a time, half of them leaving early, beside a call that blocks.
    @Test func concurrentRequestsGetWhatTheyGetAlone() async throws {
        let llama = try Llama.fixture { $0.maximumBatchSize = 4 }
        let alone = try Llama.fixture { $0.maximumBatchSize = 1 }
        let copy = llama
        let results = try await withThrowingTaskGroup(of: (Int, Completion?).self) { group in
            for index in 0..<24 {
                group.addTask {
                    if index % 6 == 5 {
                        return (index, try copy.complete(prompt(index), options: options(index)))
                    }
                    var pieces = 0
                    for try await piece in llama.generate(prompt(index), options: options(index)) {
                        pieces += 1
                        if let completion = piece.completion { return (index, completion) }
                        if index % 2 == 1, pieces > index % 5 { break }
                    }
                    return (index, nil)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(results.count >= 12)
        for (index, completion) in results {
            #expect(try alone.complete(prompt(index), options: options(index)) == completion)
        }

        @Sendable func prompt(_ index: Int) -> Prompt { "A shared beginning, and then \(index % 7)" }
        @Sendable func options(_ index: Int) -> CompletionOptions {
            var options = CompletionOptions.test(20 + index, temperature: index % 3 == 0 ? 0 : 0.9)
            options.seed = UInt64(index)
            options.topK = index % 4 * 5
            options.repetitionPenalty = index % 2 == 0 ? 1 : 1.2
            options.lookupDrafts = index % 5
            return options
        }
    }

    @Test func nothingFollowsAnError() async throws {
        let llama = try Llama.fixture(hasTokenizer: false)
        var iterator = llama.generate("text").makeAsyncIterator()
        await #expect(throws: LlamaError.self) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
    }

    @Test func copiesShareOneEngine() throws {
        let llama = try Llama.fixture()
        let copy = llama
        #expect(try llama.engine.started() === copy.engine.started())
    }

    @Test func cancellingTheTaskEndsTheRequest() async throws {
        // More tokens than are generated in the time that the test waits, however slow the machine is.
        let length = 150_000
        let llama = try Llama.fixture { ($0.maximumBatchSize, $0.contextLength) = (1, 2 * length) }
        let (started, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            var count = 0
            for try await piece in llama.generate("On and on", options: .test(length)) {
                count += piece.tokenIDs.count
                continuation.yield()
            }
            return count
        }
        for await _ in started { break }
        task.cancel()
        #expect(try await task.value < length)
        // The only sequence is free again.
        #expect(try await llama.generate("a", options: .test(3)).completion().tokenIDs.count == 3)
        let waiting = Task { () throws(LlamaError) in
            try await llama.generate("On and on", options: .test(length)).completion()
        }
        waiting.cancel()
        let error = await #expect(throws: LlamaError.self) { try await waiting.value }
        #expect(error?.kind == .cancelled)
    }

    /// As many blocked tasks as there are threads for tasks, and more.
    @Test func callsThatBlockNeedNoneOfTheThreadsOfTasks() async throws {
        let llama = try Llama.fixture()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<40 {
                group.addTask { try llama.complete("a", options: .test(4)).tokenIDs.count }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 4, count: 40))
    }

    @Test func reportsProgressOfPromptsAndStopsWhereItIsTold() throws {
        let llama = try Llama.fixture()
        let prompt = Prompt.tokenIDs((0..<600).map { Int32($0 % 50) })
        var read: [Int] = []
        var tokens = 0
        let stopped = try llama.complete([prompt, "b"], options: .test(100)) { event in
            switch event {
            case .promptProgress(let count): read.append(count)
            case .text(_, promptIndex: 0, _): tokens += 1
            default: break
            }
            return tokens == 7 ? .stop : .continue
        }
        #expect(read.reduce(0, +) >= 600)
        #expect(read.count > 2)
        #expect(stopped[0].tokenIDs.count == 7)
        #expect(stopped.map(\.finishReason) == [.cancelled, .cancelled])
        let whole = try llama.complete(prompt, options: .test(100))
        #expect(Array(whole.tokenIDs.prefix(7)) == stopped[0].tokenIDs)
    }

    @Test func beamsAndStopStrings() async throws {
        let llama = try Llama.fixture()
        var options = CompletionOptions.test(8, temperature: 0)
        options.beams = 4
        options.n = 2
        let beams = try await llama.generate("The", options: options).completions()
        #expect(beams.count == 2)
        let scores = beams.compactMap(\.score)
        #expect(scores.count == 2 && scores[0] >= scores[1])
        #expect(try llama.complete(["The"], options: options) == beams)

        let whole = try llama.complete("The", options: .test(60))
        let stop = String(whole.text.dropFirst(20).prefix(3))
        options = .test(60)
        options.stopStrings = [stop]
        let stopped = try llama.complete("The", options: options)
        let range = try #require(whole.text.firstRange(of: stop))
        #expect(stopped.text == String(whole.text[..<range.lowerBound]))
        #expect(stopped.finishReason == .stopString)
    }
}
