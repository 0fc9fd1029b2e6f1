internal import LlamaGeneration

/// The completion of a prompt by a model, piece by piece as it is generated.
///
/// ```swift
/// for try await piece in llama.generate("Once upon a time") { print(piece.text, terminator: "") }
/// ```
///
/// Nothing happens before the first piece is asked for: then the request joins those that the model works on. Each
/// iteration is a request of its own. The model does not wait for the consumer; what a slow one has not taken yet is
/// joined to one piece.
///
/// A request ends when it is complete; when the consuming task is cancelled, which ends the loop without an error; and when
/// the loop is left.
public struct Generation: AsyncSequence, Sendable {
    /// What the sequence fails with: a prompt or options that cannot be used, or a lack of memory or threads.
    public typealias Failure = LlamaError

    let llama: Llama
    let prompt: Prompt
    let options: CompletionOptions?

    /// Delivers the pieces of one request.
    public struct Iterator: AsyncIteratorProtocol {
        /// What the iterator fails with.
        public typealias Failure = LlamaError

        private let generation: Generation
        private var updates: GenerationStream.Iterator?
        private var hasFailed = false

        fileprivate init(_ generation: Generation) { self.generation = generation }

        /// The next piece; nil after the last one, and where the task was cancelled.
        public mutating func next() async throws(LlamaError) -> GenerationPiece? {
            if hasFailed { return nil }
            do {
                var updates = try updates ?? generation.submit().makeAsyncIterator()
                self.updates = updates
                return try await updates.next().map(GenerationPiece.init)
            } catch {
                hasFailed = true
                throw LlamaError(error)
            }
        }
    }

    /// Begins an iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    func submit() throws -> GenerationStream {
        let generation = try (options ?? llama.defaultOptions).generationOptions(
            for: llama.model, contextLength: llama.contextLength)
        return try llama.engine.started().submit(llama.request(prompt, generation))
    }

    /// Waits for all of it.
    ///
    /// - Returns: The completions, of which there are ``CompletionOptions/n``.
    /// - Throws: ``LlamaError``; of the kind ``LlamaError/Kind/cancelled`` where the task was cancelled.
    public func completions() async throws(LlamaError) -> [Completion] {
        var completions: [Completion] = []
        for try await piece in self {
            if let completion = piece.completion { completions.append(completion) }
        }
        guard !completions.isEmpty, !Task.isCancelled else {
            throw LlamaError(
                kind: .cancelled, description: "the task was cancelled before the completion was done")
        }
        return completions.sorted { $0.choice < $1.choice }
    }

    /// Waits for all of it.
    ///
    /// - Returns: The completion; of several the first.
    /// - Throws: ``LlamaError``; of the kind ``LlamaError/Kind/cancelled`` where the task was cancelled.
    public func completion() async throws(LlamaError) -> Completion {
        let completions = try await completions()
        guard let first = completions.first else {
            throw LlamaError(kind: .badInput, description: "expected a completion, found none")
        }
        return first
    }
}

extension Llama {
    /// Completes a prompt, and delivers text and tokens as they are generated.
    ///
    /// - Parameters:
    ///   - prompt: The beginning of the text.
    ///   - options: Nil for ``defaultOptions``.
    public func generate(_ prompt: Prompt, options: CompletionOptions? = nil) -> Generation {
        Generation(llama: self, prompt: prompt, options: options)
    }
}
