import Dispatch
import Synchronization

/// The roles that are still to be converted, handed out to threads.
final class ConversionWork: Sendable {
    private struct State {
        var next = 0
        var results: [TensorRole: RoleConversion.Result]
        /// Done, but not yet flushed and noted.
        var finished: [(role: TensorRole, result: RoleConversion.Result)] = []
        var finishedBytes = 0
        var written: Int
        var error: ConversionError?
    }

    private let units: [RoleConversion]
    private let flushInterval: Int
    private let state: Mutex<State>

    init(units: [RoleConversion], flushInterval: Int, done: [String: RoleConversion.Result]) {
        var results: [TensorRole: RoleConversion.Result] = [:]
        var written = 0
        for unit in units {
            guard let result = done[TensorNaming.meta.name(of: unit.role)],
                result.checksums.count == unit.destinations.count
            else { continue }
            results[unit.role] = result
            written += unit.byteCount
        }
        self.units = units.filter { results[$0.role] == nil }
        self.flushInterval = flushInterval
        state = Mutex(State(results: results, written: written))
    }

    /// The results of all roles, those of earlier runs too.
    var results: [TensorRole: RoleConversion.Result] { state.withLock(\.results) }

    /// Tells how much was there before.
    func start(_ progress: (Int) -> Void) { progress(state.withLock(\.written)) }

    /// Converts all roles.
    ///
    /// - Parameter note: flushes the files and notes what is done; called by one thread at a time.
    func run(
        threads: Int, isInterrupted: @escaping @Sendable () -> Bool, progress: @Sendable (Int) -> Void,
        note: ([(role: TensorRole, result: RoleConversion.Result)]) throws(ConversionError) -> Void
    ) throws(ConversionError) {
        // The threads only convert; flushing is for the end of each round, so that one thread does it.
        while true {
            DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
                convert(isInterrupted, progress)
            }
            let finished = state.withLock { state in
                defer { (state.finished, state.finishedBytes) = ([], 0) }
                return state.finished
            }
            if !finished.isEmpty { try note(finished) }
            if let error = state.withLock(\.error) { throw error }
            if isInterrupted() || state.withLock(\.next) >= units.count { return }
        }
    }

    /// Converts roles until enough is written to be flushed.
    private func convert(_ isInterrupted: @Sendable () -> Bool, _ progress: @Sendable (Int) -> Void) {
        while !isInterrupted(), let unit = next() {
            do {
                let result = try unit.run { count throws(ConversionError) in
                    progress(
                        state.withLock { state in
                            state.written += count
                            return state.written
                        })
                    if isInterrupted() { throw .interrupted(path: "") }
                }
                state.withLock { state in
                    state.results[unit.role] = result
                    state.finished.append((unit.role, result))
                    state.finishedBytes += unit.byteCount
                }
            } catch {
                if case .interrupted = error { return }
                state.withLock { $0.error = $0.error ?? error }
            }
        }
    }

    private func next() -> RoleConversion? {
        state.withLock { state in
            guard state.error == nil, state.finishedBytes < flushInterval, state.next < units.count else {
                return nil
            }
            defer { state.next += 1 }
            return units[state.next]
        }
    }
}
