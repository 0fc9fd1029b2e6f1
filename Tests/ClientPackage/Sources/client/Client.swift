import Generation
import SwiftLlama
import Tokenizers

/// Uses every part of SwiftLlama's interface, and prints the greedy completion of the prompt `ROMEO:`, and what the README's
/// example prints.
@main
struct Client {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 2 else { throw Problem("usage: client CHECKPOINT") }
        let llama = try await Llama(at: arguments[1])
        let prompt = Completer().prompt(for: "ROMEO")
        var options = CompletionOptions.greedy
        options.maximumTokens = 40

        let completion = try llama.complete(.text(prompt), options: options)
        print(prompt + completion.text)

        try check(Tokenizer().words(of: completion.text).count > 3, "words")
        try check(llama.shape.vocabularySize > 60 && llama.shape.nLayers > 0, "description")
        try check(completion.tokenIDs.count == 40 && completion.finishReason == .length, "length")
        try check(llama.tokenIDs(of: prompt) == completion.promptTokenIDs, "token ids of the prompt")
        let all = completion.promptTokenIDs + completion.tokenIDs
        try check(llama.text(of: all) == prompt + completion.text, "text of token ids")
        try checkBatch(llama, completion, options)
        try await checkStream(llama, prompt, completion, options)
        try await checkGeneration(llama, prompt, completion, options)
        try await checkScores(llama, completion)
        try checkRefusals(llama, arguments[1])
        try await example()
    }

    /// Prompts get the same text beside others, and in any form.
    static func checkBatch(_ llama: Llama, _ expected: Completion, _ options: CompletionOptions) throws {
        var streamed = ["", ""]
        let prompts: [Prompt] = ["JULIET:", .tokenIDs(expected.promptTokenIDs)]
        let completions = try llama.complete(prompts, options: options) { event in
            if case .text(let text, let index, _) = event { streamed[index] += text }
            return .continue
        }
        try check(completions.map(\.text) == streamed, "streamed text")
        try check(completions[1].text == expected.text, "text beside another prompt")
        let stopped = try llama.complete(.tokenIDs(expected.promptTokenIDs), options: options) { event in
            if case .text = event { .stop } else { .continue }
        }
        try check(stopped.finishReason == .cancelled, "finish reason of a stopped completion")
        try check(stopped.tokenIDs == Array(expected.tokenIDs.prefix(1)), "tokens of a stopped completion")
    }

    /// Several tasks may use one model.
    static func checkStream(
        _ llama: Llama, _ prompt: String, _ expected: Completion, _ options: CompletionOptions
    ) async throws {
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await llama.textStream(.text(prompt), options: options).reduce("", +)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try check(texts == [expected.text, expected.text], "text of two concurrent streams")
        for try await text in llama.textStream(.text(prompt), options: options) {
            try check(expected.text.hasPrefix(text), "first text of an abandoned stream")
            break
        }
    }

    /// Pieces add up to the completion, of which there may be several.
    static func checkGeneration(
        _ llama: Llama, _ prompt: String, _ expected: Completion, _ options: CompletionOptions
    ) async throws {
        var options = options
        options.logprobs = 2
        var (text, ids, logprobs) = ("", [Int32](), [TokenLogprobs]())
        for try await piece in llama.generate(.text(prompt), options: options) {
            text += piece.text
            ids += piece.tokenIDs
            logprobs += piece.logprobs
            guard let completion = piece.completion else { continue }
            try check(completion.text == text && completion.tokenIDs == ids, "completion of pieces")
            try check(completion.logprobs?.compactMap(\.self) == logprobs, "log-probabilities of pieces")
        }
        try check(text == expected.text && ids == expected.tokenIDs, "pieces of a completion")
        try check(
            logprobs.allSatisfy { $0.top.count == 2 && $0.top[0].logprob == $0.logprob }, "greedy choice")
        options.logprobs = nil
        options.beams = 3
        options.n = 2
        let beams = try await llama.generate(.text(prompt), options: options).completions()
        try check(beams.map(\.choice) == [0, 1] && beams[0].score ?? 0 >= beams[1].score ?? 0, "beams")
        let first = try await llama.generate(.text(prompt), options: options).completion()
        try check(first == beams[0], "first of several completions")
    }

    /// What was likely when it was generated is as likely when it is scored.
    static func checkScores(_ llama: Llama, _ completion: Completion) async throws {
        let score = try await llama.score(.tokenIDs(completion.promptTokenIDs + completion.tokenIDs), top: 1)
        try check(score.logprobs.last??.top.first?.tokenID == completion.tokenIDs.last, "scored tokens")
        try check(score.logprob < 0 && score.perplexity > 1 && score.predictedCount == 46, "score")
        let rows = try llama.embedding(of: completion.promptTokenIDs)
        try check(rows.count == 7 && rows.allSatisfy { $0.count == llama.shape.dim }, "embedding")
    }

    /// Whatever cannot be used throws; nothing traps.
    static func checkRefusals(_ llama: Llama, _ path: String) throws {
        try refuses(.missingInput, "missing: no such file") { _ = try Llama(at: "missing") }
        for (path, value) in [(\CompletionOptions.temperature, Float.nan), (\.topP, 0), (\.topP, .nan)] {
            try refuses(.invalidArgument, ": expected") {
                var options = CompletionOptions()
                options[keyPath: path] = value
                _ = try llama.complete("a", options: options)
            }
        }
        try refuses(.invalidArgument, "maximumTokens: expected") {
            var options = CompletionOptions()
            options.maximumTokens = .min
            _ = try llama.complete("a", options: options)
        }
        for value in [Int.min, 0, .max] {
            try refuses(.invalidArgument, "maximumSequenceLength: expected") {
                var options = CompletionOptions()
                options.maximumSequenceLength = value
                _ = try llama.complete("a", options: options)
            }
            for property in [\LlamaOptions.threads, \.contextLength] {
                try refuses(.invalidArgument, ": expected") {
                    var options = LlamaOptions()
                    options[keyPath: property] = value
                    _ = try Llama(at: path, options: options)
                }
            }
            try refuses(.invalidArgument, "maximumBatchSize: expected") {
                var options = LlamaOptions()
                options.maximumBatchSize = value
                _ = try Llama(at: path, options: options)
            }
        }
        try refuses(.badInput, "prompt: expected token ids below") {
            _ = try llama.complete(.tokenIDs([.max]))
        }
        try refuses(.badInput, "raise maximumSequenceLength") {
            var options = CompletionOptions()
            options.maximumSequenceLength = 2
            _ = try llama.complete("a long prompt", options: options)
        }
        try check(llama.complete([]).isEmpty, "completions of no prompts")
    }

    static func refuses(_ kind: LlamaError.Kind, _ words: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as LlamaError {
            return try check(
                error.kind == kind && error.description.contains(words), "error \(error) (\(error.kind))")
        }
        throw Problem("not refused: \(words)")
    }

    static func check(_ holds: Bool, _ what: String) throws {
        guard holds else { throw Problem("wrong: \(what)") }
    }
}

/// What the check found.
struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
