import LlamaCommands
import Logging

/// Prints notices and warnings of the libraries to standard error.
struct NoticeLog: LogHandler {
    let isQuiet: Bool
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.notice

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if !isQuiet { Console.error("\(event.message)") }
    }
}
