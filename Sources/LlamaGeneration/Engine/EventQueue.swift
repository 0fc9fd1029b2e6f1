import Dispatch
import Synchronization

/// Hands the events of any number of requests to one thread that waits for them.
///
/// Unlike a ``GenerationStream`` it keeps every event apart, and its consumer blocks: the engine has a thread of its own,
/// so that it proceeds even where all the threads that tasks share are blocked like this.
package final class EventQueue: Sendable {
    private let events = Mutex<[EngineEvent]>([])
    // Raised whenever the queue is no longer empty.
    private let arrivals = DispatchSemaphore(value: 0)

    /// An empty queue.
    package init() {}

    /// Adds an event, and never waits.
    func add(_ event: EngineEvent) {
        let wasEmpty = events.withLock { events in
            defer { events.append(event) }
            return events.isEmpty
        }
        if wasEmpty { arrivals.signal() }
    }

    /// Waits for events.
    ///
    /// - Parameter batch: Replaced by all events since the last call, at least one, in their order.
    package func wait(_ batch: inout [EngineEvent]) {
        batch.removeAll(keepingCapacity: true)
        while true {
            events.withLock { swap(&$0, &batch) }
            if !batch.isEmpty { return }
            arrivals.wait()
        }
    }
}
