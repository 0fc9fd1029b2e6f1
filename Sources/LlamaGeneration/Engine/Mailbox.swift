import Dispatch
import Synchronization

/// What callers ask of the engine's thread.
final class Mailbox: Sendable {
    /// One wish.
    enum Command: Sendable {
        case submit(number: Int, GenerationRequest, ids: [Int32], Recipient)
        case cancel(number: Int)
    }

    private struct State {
        var commands: [Command] = []
        var nextNumber = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    // Counts what was put in; the thread may find it raised for what it has already taken, and then finds nothing.
    private let arrivals = DispatchSemaphore(value: 0)

    /// Hands a request to the engine.
    ///
    /// - Returns: Its number; nil where the engine has been shut down.
    func submit(_ request: GenerationRequest, ids: [Int32], _ recipient: Recipient) -> Int? {
        let number: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextNumber += 1
            state.commands.append(
                .submit(number: state.nextNumber, request, ids: ids, recipient))
            return state.nextNumber
        }
        arrivals.signal()
        return number
    }

    /// Asks for the end of a request, whether or not it has ended.
    func cancel(_ number: Int) {
        state.withLock { $0.commands.append(.cancel(number: number)) }
        arrivals.signal()
    }

    /// Asks the thread to end.
    func close() {
        state.withLock { $0.isClosed = true }
        arrivals.signal()
    }

    /// What was asked for before the mailbox was closed, and not taken.
    func takeRest() -> [Command] {
        state.withLock { state in
            let commands = state.commands
            state.commands = []
            return commands
        }
    }

    /// What has been asked for since the last call, in its order; nil to end.
    ///
    /// - Parameter waits: Whether to wait where there is nothing.
    func take(waits: Bool) -> [Command]? {
        while true {
            let commands: [Command]? = state.withLock { state in
                if state.isClosed { return nil }
                let commands = state.commands
                if !commands.isEmpty { state.commands = [] }
                return commands
            }
            guard let commands else { return nil }
            if !waits || !commands.isEmpty { return commands }
            arrivals.wait()
        }
    }
}
