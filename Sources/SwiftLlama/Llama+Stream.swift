import Dispatch
import Synchronization

extension Llama {
    /// Completes one prompt on a thread of its own; the stream delivers the text as it is generated.
    ///
    /// Generation runs ahead of the consumer, and stops when the stream is no longer used or the consuming task is
    /// cancelled.
    ///
    /// ```swift
    /// for try await text in llama.textStream("Once upon a time") { print(text, terminator: "") }
    /// ```
    ///
    /// - Returns: Texts, none of them empty; together the completion's. Fails with ``LlamaError``.
    public func textStream(
        _ prompt: Prompt, options: CompletionOptions = CompletionOptions()
    ) -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            let cancellation = Cancellation()
            continuation.onTermination = { _ in cancellation.isRequested.store(true, ordering: .relaxed) }
            // Not a task: it would block one of the few threads that tasks share.
            DispatchQueue.global().async {
                do throws(LlamaError) {
                    _ = try complete(prompt, options: options) { event in
                        if case .text(let text, _) = event, !text.isEmpty { continuation.yield(text) }
                        return cancellation.isRequested.load(ordering: .relaxed) ? .stop : .continue
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
        }
    }
}

/// A flag that several threads share.
private final class Cancellation: Sendable {
    let isRequested = Atomic(false)
}
