import LlamaCommands
import Logging

/// Writes log messages as lines for a person: `llama-run: notice: …`.
struct StandardErrorLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { Console.error("llama-run: \(event.level): \(event.message)") }

    /// A logger with the verbosity that `options` ask for.
    static func logger(_ options: LlamaRun) -> Logger {
        let level: Logger.Level = options.files.quiet ? .error : options.files.verbose ? .debug : .notice
        return Logger(label: "llama-run") { _ in StandardErrorLog(logLevel: level) }
    }
}
