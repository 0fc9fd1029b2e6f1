import LlamaCheckpoints
import LlamaFiles
import Logging

/// Reading the output back before it is published.
extension Converter {
    /// How to read the output back before it is moved to its destination.
    package struct Verification: Sendable {
        /// Told what opening the output ignores or guesses.
        let logger: Logger
        /// Told how many bytes of how many are read, from any thread.
        let progress: @Sendable (_ done: Int, _ total: Int) -> Void

        package init(
            logger: Logger, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
        ) {
            (self.logger, self.progress) = (logger, progress)
        }
    }

    /// Reads the output back, wherever it is by now.
    ///
    /// - Throws: ``ConversionError/unverified(path:reason:outcome:)`` where it differs from what was written. No later run
    ///   publishes that output: the journal forgets it. Where it could not be read for another reason, such as too many
    ///   open files, that error; the output is kept, to be resumed.
    func verify(
        _ record: ConversionRecord, _ verification: Verification?, _ journal: ConversionJournal,
        _ isInterrupted: @Sendable () -> Bool
    ) throws(ConversionError) {
        guard let verification, let main = plan.files.first?.name else { return }
        let path = destination.current(main)
        let isComplete: Bool
        do throws(ConversionError) {
            isComplete = try ConversionVerifier(record).verify(
                path, threads: behavior.threads, logger: verification.logger, isInterrupted: isInterrupted,
                progress: verification.progress)
        } catch {
            guard error.isDamage else { throw error }
            try journal.discard()
            let reason = if case .unfaithful(_, let reason) = error { reason } else { "\(error)" }
            throw .unverified(path: path, reason: reason, outcome: try destination.retract(main))
        }
        guard isComplete else { throw .interrupted(path: destination.unfinished) }
    }
}

extension ConversionError {
    /// Whether it says that an output which was read back is not what was written.
    fileprivate var isDamage: Bool {
        switch self {
        case .unfaithful: true
        case .source(let error): error.category == .badInput
        default: false
        }
    }
}
