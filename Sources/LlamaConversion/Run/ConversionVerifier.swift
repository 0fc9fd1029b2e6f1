import LlamaCheckpoints
import Dispatch
import Logging
import Synchronization

/// Reads a written checkpoint back and compares every tensor with its digest.
package struct ConversionVerifier: Sendable {
    private let record: ConversionRecord

    /// - Parameter record: What was written.
    package init(_ record: ConversionRecord) {
        self.record = record
    }

    /// Compares the checkpoint at a path.
    ///
    /// - Parameters:
    ///   - isInterrupted: Asked before every tensor; once it returns true, no more are compared.
    ///   - progress: Told how many bytes of how many are read, from any thread.
    /// - Returns: Whether every tensor was compared: false after an interrupt.
    /// - Throws: ``ConversionError/unfaithful(path:reason:)`` where a tensor differs, or an error of reading it.
    @discardableResult package func verify(
        _ path: String, threads: Int, logger: Logger, isInterrupted: @Sendable () -> Bool = { false },
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(ConversionError) -> Bool {
        let checkpoint: Checkpoint
        do { checkpoint = try Checkpoint(at: path, logger: logger) } catch { throw .source(error) }
        let total = record.entries.reduce(0) { $0 + $1.byteCount }
        let state = Mutex<(next: Int, compared: Int, done: Int, error: ConversionError?)>((0, 0, 0, nil))
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            while true {
                let index = state.withLock { state -> Int? in
                    guard state.error == nil, state.next < record.entries.count else { return nil }
                    state.next += 1
                    return state.next - 1
                }
                guard let index, !isInterrupted() else { return }
                do throws(ConversionError) {
                    try compare(record.entries[index], checkpoint, path) { count in
                        let done = state.withLock { state in
                            state.done += count
                            return state.done
                        }
                        progress(done, total)
                    }
                    state.withLock { $0.compared += 1 }
                } catch {
                    state.withLock { $0.error = $0.error ?? error }
                }
            }
        }
        if let error = state.withLock(\.error) { throw error }
        return state.withLock(\.compared) == record.entries.count
    }

    private func compare(
        _ entry: ConversionRecord.Entry, _ checkpoint: Checkpoint, _ path: String, _ progress: (Int) -> Void
    ) throws(ConversionError) {
        let digest = try TensorDigest(of: entry.role, in: checkpoint, progress: progress)
        guard digest == entry.digest else {
            throw .unfaithful(
                path: path, reason: "\(TensorNaming.meta.name(of: entry.role)) has other values")
        }
    }
}
