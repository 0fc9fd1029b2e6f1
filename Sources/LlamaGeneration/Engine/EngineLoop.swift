import Dispatch
import Synchronization

/// What an engine's thread does: takes what callers ask for, steps, and delivers what comes of it.
struct EngineLoop {
    private let core: EngineCore
    private let mailbox: Mailbox

    init(_ core: EngineCore, _ mailbox: Mailbox) {
        self.core = core
        self.mailbox = mailbox
    }

    /// Runs until the mailbox is closed.
    func run() {
        var deliveries: [Int: Delivery] = [:]
        while let commands = mailbox.take(waits: core.isIdle) {
            for command in commands {
                switch command {
                case .submit(let number, let request, let ids, let delivery):
                    deliveries[number] = delivery
                    core.submit(request, ids: ids, as: number)
                case .cancel(let number):
                    core.cancel(number)
                    deliveries.removeValue(forKey: number)?.end()
                }
            }
            do throws(GenerationError) {
                try core.step { event in
                    guard let number = event.request else { return }
                    deliveries[number]?.add(event)
                    if event.isLast { deliveries[number] = nil }
                }
            } catch {
                // The model cannot be run, so what all requests wait for does not come.
                core.reset()
                for delivery in deliveries.values { delivery.end(error) }
                deliveries.removeAll()
            }
        }
        for delivery in deliveries.values { delivery.end(.shutDown) }
        for case .submit(_, _, _, let delivery) in mailbox.takeRest() { delivery.end(.shutDown) }
    }
}

/// Hands the outcome of starting a thread to the one that started it.
final class StartReport: Sendable {
    private let error = Mutex<(any Error)?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    /// Reports the outcome, once.
    func report(_ error: (any Error)?) {
        self.error.withLock { $0 = error }
        isDone.signal()
    }

    /// Waits for the outcome; nil where the thread has started.
    func wait() -> (any Error)? {
        isDone.wait()
        return error.withLock { $0 }
    }
}
