import Logging
import Synchronization

/// Collects what opening a checkpoint logs: what was dropped, ignored or guessed.
final class NoteCollector: Sendable {
    private let messages = Mutex<[String]>([])

    /// A logger that writes to this collector.
    var logger: Logger {
        Logger(label: "checkpoint", factory: { _ in Handler(collector: self) })
    }

    /// The messages, without the folder's path.
    func notes(without folder: String) -> [String] {
        messages.withLock(\.self).map { message in
            [folder + ": ", folder + "/"].first(where: message.hasPrefix).map {
                String(message.dropFirst($0.count))
            } ?? message
        }
    }

    fileprivate func add(_ message: String) { messages.withLock { $0.append(message) } }

    private struct Handler: LogHandler {
        let collector: NoteCollector
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { collector.add(event.message.description) }
    }
}
