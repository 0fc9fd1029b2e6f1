import Foundation
import LlamaGeneration
import LlamaTestSupport
import Testing

@testable import SwiftLlama

struct OptionsTests {
    private static let contradictions: [(String, @Sendable (inout CompletionOptions) -> Void)] = [
        ("maximumTokens: expected at least 0, found -1", { $0.maximumTokens = -1 }),
        (
            "maximumSequenceLength: expected 1 to 128, the context length, found 129",
            { $0.maximumSequenceLength = 129 }
        ),
        ("minimumTokens: expected 0 to 10", { ($0.maximumTokens, $0.minimumTokens) = (10, 11) }),
        ("temperature: expected a number from 0 on, found -1.0", { $0.temperature = -1 }),
        ("topK: expected 0 (off) or more, found -1", { $0.topK = -1 }),
        ("topP: expected", { $0.topP = .nan }),
        ("minP: expected", { $0.minP = 2 }),
        ("typicalP: expected", { $0.typicalP = 0 }),
        ("repetitionPenalty: expected", { $0.repetitionPenalty = 0 }),
        ("frequencyPenalty: expected", { $0.frequencyPenalty = -3 }),
        ("presencePenalty: expected", { $0.presencePenalty = .infinity }),
        ("logitBias: expected", { $0.logitBias = [-1: 1] }),
        ("badWords: expected", { $0.badWords = [[]] }),
        ("stopStrings: expected text, found none in entry 1", { $0.stopStrings = ["a", ""] }),
        ("n: expected 1 to 1024, found 0", { $0.n = 0 }),
        ("bestOf: expected at least n (3), found 2", { ($0.n, $0.bestOf) = (3, 2) }),
        ("beams: expected at most 8, found 9", { $0.beams = 9 }),
        ("n: expected at most as many as beams (2), found 3", { ($0.n, $0.beams) = (3, 2) }),
        ("lengthPenalty: expected", { $0.lengthPenalty = .nan }),
        ("logprobs: expected at least 0, found -1", { $0.logprobs = -1 }),
        ("lookupDrafts: expected", { $0.lookupDrafts = -1 }),
    ]

    @Test(arguments: contradictions.indices)
    func refusesValuesByTheNameOfTheProperty(index: Int) async throws {
        let (message, change) = Self.contradictions[index]
        let llama = try Llama.fixture { $0.contextLength = 128 }
        var options = CompletionOptions()
        change(&options)
        let generation = llama.generate("a", options: options)
        let thrown = await #expect(throws: LlamaError.self) { for try await _ in generation {} }
        let error = try #require(thrown)
        #expect(error.kind == .invalidArgument)
        #expect(error.description.hasPrefix(message), "\(error)")
        #expect(throws: error) { try llama.complete("a", options: options) }
        #expect(try await llama.generate("a", options: .test(2)).completion().tokenIDs.count == 2)
    }

    /// Every option that an error can name is a property.
    @Test(arguments: OptionError.Option.allCases)
    func namesProperties(option: OptionError.Option) {
        let properties = Mirror(reflecting: CompletionOptions()).children.compactMap(\.label)
        #expect(properties.contains(LlamaError.property(option)))
    }

    @Test func modelOptionsComeBackUnchanged() throws {
        let llama = try Llama.fixture()
        var options = CompletionOptions.greedy
        options.maximumTokens = 7
        options.minimumTokens = 3
        options.temperature = 0.25
        options.topK = 9
        options.topP = 0.5
        options.minP = 0.125
        options.typicalP = 0.75
        options.seed = 99
        options.repetitionPenalty = 1.5
        options.frequencyPenalty = 0.5
        options.presencePenalty = -0.5
        options.logitBias = [3: 1]
        options.badWords = [[1, 2]]
        options.stopStrings = ["x"]
        options.n = 2
        options.bestOf = 4
        options.lengthPenalty = 2
        options.earlyStopping = .never
        options.logprobs = 3
        options.echo = true
        options.lookupDrafts = 5
        #expect(
            CompletionOptions(try options.generationOptions(for: llama.model, contextLength: 64)) == options)
        #expect(llama.defaultOptions == CompletionOptions())
    }

    @Test func requestsWithoutOptionsGetTheModelsOwn() throws {
        try withTemporaryFolder { folder in
            for name in ["config.json", "model.safetensors"] {
                let file = try Fixtures.checkpoint("hf-tied-f32").appending(path: name)
                try FileManager.default.copyItem(at: file, to: folder.appending(path: name))
            }
            let configuration = #"{"do_sample": true, "temperature": 0.25, "top_k": 1, "top_p": 1.0}"#
            try Data(configuration.utf8).write(to: folder.appending(path: "generation_config.json"))
            let llama = try Llama(at: folder.path)
            var expected = CompletionOptions()
            (expected.temperature, expected.topK, expected.topP) = (0.25, 1, 1)
            #expect(llama.defaultOptions == expected)
            // Of one token there is nothing to sample, so that it is the greedy choice.
            let completion = try llama.complete(.tokenIDs([3, 4]))
            #expect(try llama.complete(.tokenIDs([3, 4]), options: .greedy) == completion)
            #expect(try llama.complete(.tokenIDs([3, 4]), options: CompletionOptions()) != completion)
        }
    }

    @Test func theModelsStopTokensCanBeIgnored() throws {
        let llama = try Llama.fixture()
        var options = CompletionOptions()
        options.additionalStopTokenIDs = [5]
        let all = try options.generationOptions(for: llama.model, contextLength: 64).stopTokens
        #expect(all == llama.model.stopTokens.union([5]) && all.count > 1)
        options.ignoresStopTokens = true
        #expect(try options.generationOptions(for: llama.model, contextLength: 64).stopTokens == [5])
    }

    private static let limits: [(String, @Sendable (inout LlamaOptions) -> Void)] = [
        ("threads: expected 1 to 1024, found 0", { $0.threads = 0 }),
        ("threads: expected 1 to 1024, found", { $0.threads = .max }),
        ("maximumBatchSize: expected 1 to 1024, found 0", { $0.maximumBatchSize = 0 }),
        ("maximumBatchSize: expected 1 to 1024, found", { $0.maximumBatchSize = .max }),
        ("contextLength: expected 1 to 10000000, found 0", { $0.contextLength = 0 }),
        ("contextLength: expected 1 to 10000000, found", { $0.contextLength = .max }),
        ("cacheMemory: expected at least", { $0.cacheMemory = 100 }),
        ("cacheMemory: expected at least", { $0.cacheMemory = -1 }),
    ]

    @Test(arguments: limits.indices)
    func refusesLimitsByTheNameOfTheProperty(index: Int) throws {
        let (message, change) = Self.limits[index]
        let error = #expect(throws: LlamaError.self) { try Llama.fixture(change) }
        #expect(error?.kind == .invalidArgument)
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test func refusesPromptsInTheWordsOfThisModule() async throws {
        let llama = try Llama.fixture(hasTokenizer: false) {
            $0.contextLength = 200
            $0.cacheMemory = 40_000
        }
        let text = await #expect(throws: LlamaError.self) { try await llama.score("text") }
        #expect(
            text?.description == "prompt: expected token ids, as the model has no tokenizer, found text; "
                + "give one to Llama.init(at:tokenizer:)")
        let long = #expect(throws: LlamaError.self) {
            try llama.complete(.tokenIDs(Array(repeating: 1, count: 201)), options: .test(1))
        }
        #expect(long?.kind == .badInput)
        #expect(long?.description.contains("at most 200 tokens, found 201; shorten it") == true)
        let id = #expect(throws: LlamaError.self) { try llama.complete(.tokenIDs([.max]), options: .test(1)) }
        #expect(id?.description.hasPrefix("prompt: expected token ids below") == true)
        let cache = #expect(throws: LlamaError.self) {
            try llama.complete(.tokenIDs([1]), options: .test(199))
        }
        #expect(cache?.description.hasSuffix("or raise the cacheMemory of LlamaOptions") == true)
    }
}
