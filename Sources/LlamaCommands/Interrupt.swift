import Glibc
import Synchronization

/// Turns the first Ctrl-C into a flag, so that what is done is kept; the second ends the process as usual.
package enum Interrupt {
    private static let flag = Atomic(false)

    /// Whether Ctrl-C was pressed.
    package static var isRequested: Bool { flag.load(ordering: .relaxed) }

    /// Begins to watch. Until here, Ctrl-C ends the process.
    package static func watch() {
        // The flag is made here: a signal handler may store to it, but not make it.
        _ = flag.load(ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Interrupt.flag.store(true, ordering: .relaxed) }
        // The system itself goes back to the default at the first signal, so no second one is too early.
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
        sigaction(SIGINT, &action, nil)
        // A parent may have blocked it (Foundation's Process passes on what its thread blocks).
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
