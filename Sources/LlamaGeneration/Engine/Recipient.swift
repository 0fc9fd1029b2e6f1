/// Who gets the events of a request.
enum Recipient: Sendable {
    /// A task.
    case stream(Delivery)
    /// A thread.
    case queue(EventQueue)

    /// Adds an event of the request.
    func add(_ event: EngineEvent) {
        switch self {
        case .stream(let delivery): delivery.add(event)
        case .queue(let queue): queue.add(event)
        }
    }

    /// Ends a request that was cancelled; whoever waits at a queue knows.
    func endCancelled() {
        if case .stream(let delivery) = self { delivery.end() }
    }
}
