import Foundation
import LlamaTestSupport

@testable import SwiftLlama

extension Llama {
    /// A tiny random model; the character tokenizer has fewer ids than it has rows.
    static func fixture(
        hasTokenizer: Bool = true, _ change: (inout LlamaOptions) -> Void = { _ in }
    ) throws -> Llama {
        var options = LlamaOptions()
        options.threads = 1
        options.contextLength = 2048
        change(&options)
        return try Llama(
            at: Fixtures.checkpoint("hf-tied-f32").path,
            tokenizer: hasTokenizer ? Fixtures.tokenizer("char.model").path : nil, options: options)
    }
}

extension CompletionOptions {
    /// Options for short runs, which nothing but the length ends.
    static func test(_ length: Int, temperature: Float = 1) -> CompletionOptions {
        var options = CompletionOptions()
        options.maximumTokens = length
        options.temperature = temperature
        options.seed = 11
        options.ignoresStopTokens = true
        return options
    }
}
