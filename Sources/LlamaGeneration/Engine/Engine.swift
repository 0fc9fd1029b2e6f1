import Dispatch
import LlamaKernels
import LlamaModel
import LlamaTokenizers

/// A model at work: completes the requests of any number of tasks together, on a thread of its own.
///
/// Requests arrive and leave at any time. What one gets depends on itself alone, and its end – by cancellation, refusal or
/// error – touches no other. An engine lives as long as something refers to it or to one of its streams.
package final class Engine: Sendable {
    private let mailbox = Mailbox()
    private let check: RequestCheck

    /// Starts the thread, which allocates the cache.
    ///
    /// - Parameters:
    ///   - draft: A smaller model of the same vocabulary, for requests that want its drafts.
    ///   - tokenizer: Nil where all prompts are ids.
    ///   - kernels: Makes the operations that the thread computes with.
    /// - Throws: ``KernelError`` where memory or threads are short, ``GenerationError/cacheTooSmall(bytes:least:)``.
    package init(
        model: Transformer, draft: Transformer? = nil, tokenizer: (any Tokenizer)?, limits: EngineLimits,
        kernels: @escaping @Sendable () throws -> KernelContext
    ) throws {
        let pages = try limits.pageCount(model.configuration)
        check = RequestCheck(
            configuration: model.configuration, tokenizer: tokenizer, limits: limits, pages: pages)
        let mailbox = mailbox
        let start = StartReport()
        // A serial queue of its own is a thread of its own while it is busy: tasks share too few to block one.
        DispatchQueue(label: "swift-llama engine").async {
            do {
                let core = try EngineCore(
                    model: model, draft: draft, tokenizer: tokenizer, limits: limits, kernels: kernels())
                start.report(nil)
                EngineLoop(core, mailbox).run()
            } catch {
                start.report(error)
            }
        }
        if let error = start.wait() { throw error }
    }

    deinit { mailbox.close() }

    /// Has a request completed.
    ///
    /// - Throws: ``GenerationError`` for a prompt or options that cannot be used.
    package func submit(_ request: GenerationRequest) throws(GenerationError) -> GenerationStream {
        let ids = try check.ids(of: request)
        let delivery = Delivery()
        guard let number = mailbox.submit(request, ids: ids, .stream(delivery)) else { throw .shutDown }
        return GenerationStream(delivery) { [self] in mailbox.cancel(number) }
    }

    /// Checks a request without having it completed.
    ///
    /// - Returns: The ids of its prompt.
    /// - Throws: ``GenerationError`` for a prompt or options that cannot be used.
    package func promptIDs(of request: GenerationRequest) throws(GenerationError) -> [Int32] {
        try check.ids(of: request)
    }

    /// Has a request completed for a thread that waits for its events.
    ///
    /// - Parameters:
    ///   - ids: What ``promptIDs(of:)`` returned for it.
    ///   - queue: Gets the events, which name the request by the number that is returned.
    package func submit(
        _ request: GenerationRequest, ids: [Int32], to queue: EventQueue
    ) throws(GenerationError) -> Int {
        guard let number = mailbox.submit(request, ids: ids, .queue(queue)) else { throw .shutDown }
        return number
    }

    /// Ends a request, of which there may still be events that were queued before.
    package func cancel(_ number: Int) { mailbox.cancel(number) }

    /// Ends all requests, with ``GenerationError/shutDown``, after the step that runs.
    package func shutDown() { mailbox.close() }
}
