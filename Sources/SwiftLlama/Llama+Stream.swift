internal import LlamaGeneration
import Synchronization

extension Llama {
    /// Completes one prompt; the stream delivers the text as it is generated.
    ///
    /// Like ``generate(_:options:)``, but only the text of the first completion.
    ///
    /// ```swift
    /// for try await text in llama.textStream("Once upon a time") { print(text, terminator: "") }
    /// ```
    ///
    /// - Parameters:
    ///   - prompt: The beginning of the text.
    ///   - options: Nil for ``defaultOptions``.
    /// - Returns: Texts, none of them empty; together the completion's. Fails with ``LlamaError``.
    public func textStream(
        _ prompt: Prompt, options: CompletionOptions? = nil
    ) -> AsyncThrowingStream<String, any Error> {
        let generation = StartedGeneration(generate(prompt, options: options))
        return AsyncThrowingStream {
            while let piece = try await generation.next() {
                if piece.choice == 0, !piece.text.isEmpty { return piece.text }
            }
            return nil
        }
    }
}

/// A request that is submitted when its first piece is asked for.
private final class StartedGeneration: Sendable {
    private let generation: Generation
    private let stream = Mutex<GenerationStream?>(nil)

    init(_ generation: Generation) { self.generation = generation }

    func next() async throws(LlamaError) -> GenerationPiece? {
        do {
            let stream = try stream.withLock { stream in
                if let stream { return stream }
                let new = try generation.submit()
                stream = new
                return new
            }
            var iterator = stream.makeAsyncIterator()
            return try await iterator.next().map(GenerationPiece.init)
        } catch {
            throw LlamaError(error)
        }
    }
}
