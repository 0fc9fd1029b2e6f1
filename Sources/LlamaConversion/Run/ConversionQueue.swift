import LlamaCheckpoints
import Dispatch
import Glibc
import Synchronization

/// The roles that are still to be converted, handed out to threads.
final class ConversionQueue: Sendable {
    private struct State {
        var next = 0
        var results: [TensorRole: RoleConversion.Result]
        /// Written, but not yet flushed and recorded in the journal.
        var finished: [(role: TensorRole, result: RoleConversion.Result)] = []
        var finishedBytes = 0
        var written: Int
        /// Threads that have finished.
        var idle = 0
        var error: ConversionError?
        /// Sticky: stays set whatever `isInterrupted` returns later.
        var wasInterrupted = false
    }

    private let conversions: [RoleConversion]
    private let flushInterval: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - flushInterval: Bytes after which what was written is flushed and recorded.
    ///   - done: The results of earlier runs, by Meta's names.
    init(_ all: [RoleConversion], flushInterval: Int, done: [String: RoleConversion.Result]) {
        var results: [TensorRole: RoleConversion.Result] = [:]
        var written = 0
        for conversion in all {
            guard let result = done[TensorNaming.meta.name(of: conversion.role)],
                result.checksums.count == conversion.outputs.count
            else { continue }
            results[conversion.role] = result
            written += conversion.byteCount
        }
        conversions = all.filter { results[$0.role] == nil }
        self.flushInterval = flushInterval
        state = Mutex(State(results: results, written: written))
    }

    /// The results of all roles so far, earlier runs included.
    var results: [TensorRole: RoleConversion.Result] { state.withLock(\.results) }

    /// Whether it stopped early because of an interrupt.
    var wasInterrupted: Bool { state.withLock(\.wasInterrupted) }

    /// Reports the bytes that earlier runs wrote.
    func start(_ progress: (Int) -> Void) { progress(state.withLock(\.written)) }

    /// Converts all roles.
    ///
    /// - Parameters:
    ///   - isInterrupted: Asked before and during every role.
    ///   - progress: Told the bytes written in all, from any thread.
    ///   - record: Flushes the files and records roles as done; called by one thread at a time.
    func run(
        threads: Int, isInterrupted: @escaping @Sendable () -> Bool, progress: @Sendable (Int) -> Void,
        record:
            @Sendable ([(role: TensorRole, result: RoleConversion.Result)]) throws(ConversionError) -> Void
    ) throws(ConversionError) {
        let threads = max(1, threads)
        // Flushing waits for the disk while the other threads convert: it gets a queue, and so a thread, of its own.
        withoutActuallyEscaping(record) { record in
            let flusher = DispatchGroup()
            DispatchQueue(label: "flush").async(group: flusher) { self.flush(untilIdle: threads, record) }
            DispatchQueue.concurrentPerform(iterations: threads) { _ in
                convert(isInterrupted, progress)
                state.withLock { $0.idle += 1 }
            }
            flusher.wait()
        }
        if let error = state.withLock(\.error) { throw error }
    }

    /// Records finished roles whenever there are enough bytes of them, until all threads have finished.
    private func flush(
        untilIdle count: Int,
        _ record:
            @Sendable ([(role: TensorRole, result: RoleConversion.Result)]) throws(ConversionError) -> Void
    ) {
        var isLast = false
        while !isLast {
            usleep(20_000)
            let finished = state.withLock { state -> [(role: TensorRole, result: RoleConversion.Result)] in
                isLast = state.idle == count
                guard isLast || state.finishedBytes >= flushInterval else { return [] }
                defer { (state.finished, state.finishedBytes) = ([], 0) }
                return state.finished
            }
            guard !finished.isEmpty else { continue }
            do throws(ConversionError) { try record(finished) } catch {
                state.withLock { $0.error = $0.error ?? error }
            }
        }
    }

    /// Converts roles until none is left.
    private func convert(_ isInterrupted: @Sendable () -> Bool, _ progress: @Sendable (Int) -> Void) {
        while !stops(isInterrupted), let conversion = next() {
            do throws(ConversionError) {
                let result = try conversion.run { count throws(ConversionError) in
                    progress(
                        state.withLock { state in
                            state.written += count
                            return state.written
                        })
                    if stops(isInterrupted) { throw .interrupted(path: "") }
                }
                state.withLock { state in
                    state.results[conversion.role] = result
                    state.finished.append((conversion.role, result))
                    state.finishedBytes += conversion.byteCount
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
            guard state.error == nil, state.next < conversions.count else { return nil }
            defer { state.next += 1 }
            return conversions[state.next]
        }
    }
}
