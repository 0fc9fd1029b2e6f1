import LlamaCommands

/// What Ctrl-C, SIGTERM and SIGHUP end.
enum Interruption {
    /// - Throws: ``Failure`` after one of the signals.
    static func check() throws(Failure) {
        guard Interrupt.isRequested else { return }
        throw Failure(Failure.interrupted, "interrupted before everything was measured; nothing was printed")
    }
}
