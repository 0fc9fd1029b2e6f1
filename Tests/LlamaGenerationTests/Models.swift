import Foundation
import LlamaKernels
import LlamaModel
import Logging
import LlamaTestSupport
import Testing
import LlamaTokenizers

@testable import LlamaCheckpoints
@testable import LlamaGeneration

/// A model to complete with.
struct TestModel {
    static let names = ["meta-2shards-f16", "hf-biased-bf16", "hf-tied-f32"]

    let transformer: Transformer
    let tokenizer: (any Tokenizer)?

    var vocabularySize: Int { transformer.configuration.vocabularySize }

    init(folder: URL, tokenizer: URL?) throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        transformer = try Transformer(Checkpoint(at: folder.path, logger: logger))
        self.tokenizer = try tokenizer.map { try loadTokenizer(at: $0.path) }
    }

    /// One of the fixtures; the character tokenizer has fewer ids than they have rows.
    static func fixture(_ name: String = "hf-tied-f32", hasTokenizer: Bool = true) throws -> TestModel {
        try TestModel(
            folder: Fixtures.checkpoint(name),
            tokenizer: hasTokenizer ? Fixtures.tokenizer("char.model") : nil)
    }

    /// Completes prompts; results in order of the prompts, and all events.
    func complete(
        _ prompts: [Prompt], _ options: GenerationOptions, threads: Int = 1,
        batch: Int = 8, until: (EngineEvent) -> Bool = { _ in false }
    ) throws -> (completions: [Completion], events: [EngineEvent], statistics: GenerationStatistics) {
        let completer = Completer(
            model: transformer, tokenizer: tokenizer, kernels: try KernelContext(threads: threads))
        var events: [EngineEvent] = []
        var limits = EngineLimits(positions: options.maxSequenceLength)
        limits.sequences = batch
        let requests = prompts.enumerated().map { index, prompt in
            GenerationRequest(prompt, options: options, stream: index)
        }
        let statistics = try completer.prepare(requests, limits).complete { event in
            events.append(event)
            return !until(event)
        }
        let completions = events.compactMap { event in
            if case .finished(_, let completion, _) = event { completion } else { nil }
        }
        return (completions.sorted { $0.index < $1.index }, events, statistics)
    }

    /// As many random ids as asked for, each list its own.
    func randomPrompts(_ lengths: [Int]) -> [Prompt] {
        var random = SeededGenerator(state: 5)
        return lengths.enumerated().map { index, length in
            let ids = (0..<length).map { _ in Int32.random(in: 0..<Int32(vocabularySize), using: &random) }
            return Prompt(.ids(ids), source: "prompt \(index)")
        }
    }
}

extension GenerationOptions {
    /// Options for short runs.
    static func test(
        _ length: Int, temperature: Float = 0, sequence: Int = 2048, logprobs: Int? = nil,
        echo: Bool = false, stop: Set<Int32> = []
    ) -> GenerationOptions {
        var options = GenerationOptions(maxSequenceLength: sequence)
        options.maxGenerationLength = length
        options.sampling.temperature = temperature
        options.sampling.topP = 0.95
        options.sampling.seed = 11
        options.logprobs = logprobs
        options.echo = echo
        options.stopTokens = stop
        return options
    }
}

extension Prompt {
    static func text(_ text: String) -> Prompt { Prompt(.text(text), source: "test") }

    static func ids(_ ids: Int32...) -> Prompt { Prompt(.ids(ids), source: "test") }

    var ids: [Int32] {
        if case .ids(let ids) = content { ids } else { [] }
    }
}
