import Synchronization

/// Carries what a request brings from the engine's thread to the task that consumes it.
///
/// The engine never waits: what the consumer has not taken yet is joined to one update per choice.
final class Delivery: Sendable {
    private struct State {
        var updates: [GenerationUpdate] = []
        var hasEnded = false
        var error: GenerationError?
        /// The consumer, while it waits; each, where there are several in spite of the rule.
        var consumers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    // MARK: The engine's thread

    /// Adds an event of the request.
    func add(_ event: EngineEvent) {
        change { state in
            switch event {
            case .token(_, let choice, let id, let text, let logprobs):
                state.updates.change(choice) {
                    $0.ids.append(id)
                    $0.text += text
                    if let logprobs { $0.logprobs.append(logprobs) }
                }
            case .finished(_, let completion, let rest):
                state.updates.change(completion.choice) {
                    $0.text += rest
                    $0.completion = completion
                }
            case .ended: state.hasEnded = true
            case .failed(_, let error):
                if !state.hasEnded { (state.hasEnded, state.error) = (true, error) }
            case .read: break
            }
        }
    }

    /// Ends the request, if it has not ended before.
    func end() { change { $0.hasEnded = true } }

    private func change(_ body: (inout State) -> Void) {
        let consumers = state.withLock { state in
            body(&state)
            let consumers = state.consumers
            if !consumers.isEmpty { state.consumers = [] }
            return consumers
        }
        for consumer in consumers { consumer.resume() }
    }

    // MARK: The consumer's task

    /// The next update; nil after the last one.
    func next() async throws(GenerationError) -> GenerationUpdate? {
        while true {
            let (update, hasEnded, error) = state.withLock { state in
                let update = state.updates.isEmpty ? nil : state.updates.removeFirst()
                defer { if update == nil { state.error = nil } }
                return (update, state.hasEnded, update == nil ? state.error : nil)
            }
            if let update { return update }
            if let error { throw error }
            if hasEnded { return nil }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.updates.isEmpty, !state.hasEnded else { return true }
                    state.consumers.append(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }
}

extension [GenerationUpdate] {
    /// Changes the update of a choice that is the last of its kind, or adds one.
    fileprivate mutating func change(_ choice: Int, _ body: (inout GenerationUpdate) -> Void) {
        let known = lastIndex { $0.choice == choice }
        if known == nil { append(GenerationUpdate(choice: choice)) }
        body(&self[known ?? endIndex - 1])
    }
}
