import Dispatch
import Logging
import Synchronization

/// Reads a written checkpoint back and compares every tensor with its digest.
public struct ConversionVerifier: Sendable {
    private let record: ConversionRecord

    /// - Parameter record: what was written.
    public init(_ record: ConversionRecord) {
        self.record = record
    }

    /// Compares the checkpoint at a path.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked before every tensor; nothing more is compared once it says so.
    ///   - progress: told how many tensors are compared, from any thread.
    /// - Throws: ``ConversionError/unfaithful(path:reason:)`` where it is another, or an error of reading it.
    public func verify(
        _ path: String, threads: Int, logger: Logger, isInterrupted: @Sendable () -> Bool = { false },
        progress: @Sendable (Int) -> Void = { _ in }
    ) throws(ConversionError) {
        let checkpoint: Checkpoint
        do { checkpoint = try Checkpoint(at: path, logger: logger) } catch { throw .source(error) }
        let state = Mutex<(next: Int, error: ConversionError?)>((0, nil))
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            while true {
                let index = state.withLock { state -> Int? in
                    guard state.error == nil, state.next < record.entries.count else { return nil }
                    state.next += 1
                    return state.next - 1
                }
                guard let index, !isInterrupted() else { return }
                do throws(ConversionError) { try compare(record.entries[index], checkpoint, path) } catch {
                    state.withLock { $0.error = $0.error ?? error }
                }
                progress(index + 1)
            }
        }
        if let error = state.withLock(\.error) { throw error }
    }

    private func compare(
        _ entry: ConversionRecord.Entry, _ checkpoint: Checkpoint, _ path: String
    ) throws(ConversionError) {
        let digest: TensorDigest
        do { digest = try TensorDigest(of: entry.role, in: checkpoint) } catch { throw .source(error) }
        guard digest == entry.digest else {
            throw .unfaithful(
                path: path, reason: "\(TensorNaming.meta.name(of: entry.role)) has other values")
        }
    }
}
