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
        var recipients: [Int: Recipient] = [:]
        while let commands = mailbox.take(waits: core.isIdle) {
            for command in commands {
                switch command {
                case .submit(let number, let request, let ids, let recipient):
                    recipients[number] = recipient
                    core.submit(request, ids: ids, as: number)
                case .cancel(let number):
                    core.cancel(number)
                    recipients.removeValue(forKey: number)?.endCancelled()
                }
            }
            do throws(GenerationError) {
                try core.step { event in
                    recipients[event.request]?.add(event)
                    if event.isLast { recipients[event.request] = nil }
                }
            } catch {
                // The model cannot be run, so what all requests wait for does not come.
                core.reset()
                for (number, recipient) in recipients {
                    recipient.add(.failed(request: number, error))
                }
                recipients.removeAll()
            }
        }
        for (number, recipient) in recipients { recipient.add(.failed(request: number, .shutDown)) }
        for case .submit(let number, _, _, let recipient) in mailbox.takeRest() {
            recipient.add(.failed(request: number, .shutDown))
        }
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
