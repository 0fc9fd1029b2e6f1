import Glibc
import Synchronization

/// Turns the first Ctrl-C into a flag, so that finished results are kept; the second kills the process as usual.
package enum Interrupt {
    private static let flag = Atomic(false)

    /// Whether Ctrl-C was pressed.
    package static var isRequested: Bool { flag.load(ordering: .relaxed) }

    /// Starts watching. Before this call, Ctrl-C kills the process.
    package static func watch() {
        // Initializes the flag: a signal handler may store to it, but must not initialize it.
        _ = flag.load(ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Interrupt.flag.store(true, ordering: .relaxed) }
        // SA_RESETHAND restores the default action at the first signal, however soon the second follows.
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
        sigaction(SIGINT, &action, nil)
        // A parent may have blocked it: Foundation's Process passes on the signal mask of its thread.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
