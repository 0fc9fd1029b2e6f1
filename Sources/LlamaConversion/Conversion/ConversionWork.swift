import LlamaCheckpoints
import Dispatch
import Glibc
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
        /// Threads that are through.
        var idle = 0
        var error: ConversionError?
        /// Stays, whatever is answered later.
        var wasInterrupted = false
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

    /// Whether it ended early because it was told to.
    var wasInterrupted: Bool { state.withLock(\.wasInterrupted) }

    /// Tells how much was there before.
    func start(_ progress: (Int) -> Void) { progress(state.withLock(\.written)) }

    /// Converts all roles.
    ///
    /// - Parameter note: flushes the files and notes what is done; called by one thread at a time.
    func run(
        threads: Int, isInterrupted: @escaping @Sendable () -> Bool, progress: @Sendable (Int) -> Void,
        note: @Sendable ([(role: TensorRole, result: RoleConversion.Result)]) throws(ConversionError) -> Void
    ) throws(ConversionError) {
        let threads = max(1, threads)
        // Flushing waits for the disk while the others go on. A queue of its own has a thread of its own.
        withoutActuallyEscaping(note) { note in
            let flusher = DispatchGroup()
            DispatchQueue(label: "flush").async(group: flusher) { self.flush(untilIdle: threads, note) }
            DispatchQueue.concurrentPerform(iterations: threads) { _ in
                convert(isInterrupted, progress)
                state.withLock { $0.idle += 1 }
            }
            flusher.wait()
        }
        if let error = state.withLock(\.error) { throw error }
    }

    /// Notes what is done, whenever enough of it is, until all threads are through.
    private func flush(
        untilIdle count: Int,
        _ note:
            @Sendable ([(role: TensorRole, result: RoleConversion.Result)]) throws(ConversionError) -> Void
    ) {
        var isOver = false
        while !isOver {
            usleep(20_000)
            let finished = state.withLock { state -> [(role: TensorRole, result: RoleConversion.Result)] in
                isOver = state.idle == count
                guard isOver || state.finishedBytes >= flushInterval else { return [] }
                defer { (state.finished, state.finishedBytes) = ([], 0) }
                return state.finished
            }
            guard !finished.isEmpty else { continue }
            do throws(ConversionError) { try note(finished) } catch {
                state.withLock { $0.error = $0.error ?? error }
            }
        }
    }

    /// Converts roles until none is left.
    private func convert(_ isInterrupted: @Sendable () -> Bool, _ progress: @Sendable (Int) -> Void) {
        while !stops(isInterrupted), let unit = next() {
            do throws(ConversionError) {
                let result = try unit.run { count throws(ConversionError) in
                    progress(
                        state.withLock { state in
                            state.written += count
                            return state.written
                        })
                    if stops(isInterrupted) { throw .interrupted(path: "") }
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

    private func stops(_ isInterrupted: @Sendable () -> Bool) -> Bool {
        let isInterrupted = isInterrupted()
        return state.withLock { state in
            state.wasInterrupted = state.wasInterrupted || isInterrupted
            return state.wasInterrupted
        }
    }

    private func next() -> RoleConversion? {
        state.withLock { state in
            guard state.error == nil, state.next < units.count else { return nil }
            defer { state.next += 1 }
            return units[state.next]
        }
    }
}
