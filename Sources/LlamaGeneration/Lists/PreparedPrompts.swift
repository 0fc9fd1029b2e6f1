/// Prompts that have been encoded and checked by a ``Completer``, with memory for their sequences.
///
/// As many prompts run at a time as a batch holds; one that ends makes room for the next at once. What a prompt gets
/// is independent of the others: the model's results are, and so is the stream of random numbers.
package struct PreparedPrompts {
    let core: EngineCore
    let requests: [(request: GenerationRequest, ids: [Int32])]

    /// The encoded prompts, in their order.
    package var promptIDs: [[Int32]] { requests.map(\.ids) }

    /// Completes every prompt; may be called once.
    ///
    /// - Parameter observe: Receives each event, in which requests are numbered in the order of the list; returns whether
    ///   to continue.
    /// - Returns: Counts of tokens, and times.
    /// - Throws: The first error of a prompt, or of the model.
    @discardableResult
    package func complete(observe: (EngineEvent) -> Bool) throws(GenerationError) -> GenerationStatistics {
        var continues = true
        var failure: GenerationError?
        var next = 0
        while continues, failure == nil {
            // A few wait, so that one that ends is followed at once, and the rest cost nothing yet.
            while next < requests.count, core.requests.count < 2 * core.limits.sequences {
                core.submit(requests[next].request, ids: requests[next].ids, as: next)
                next += 1
            }
            if core.isIdle { break }
            try core.step { event in
                guard continues, failure == nil else { return }
                if case .failed(_, let error) = event { failure = error }
                continues = observe(event)
            }
        }
        if let failure { throw failure }
        return core.statistics
    }
}
