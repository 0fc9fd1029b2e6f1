import Glibc
import Synchronization

/// Turns the first Ctrl-C, SIGTERM or SIGHUP into a flag, so that finished results are kept; a second Ctrl-C or SIGTERM
/// kills the process as usual.
///
/// A second SIGHUP does not: closing a terminal often sends several, from the kernel and from the shell. Nor does a second
/// SIGTERM within a second: `timeout` sends one to the process and one to its group.
package enum Interrupt {
    /// The signal that came first; 0 where none did.
    private static let received = Atomic<Int32>(0)
    /// When it came, in milliseconds of the monotonic clock.
    private static let time = Atomic<Int>(0)

    /// Whether one of the signals came.
    package static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

    /// What shells report for a process that the signal ended: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
    package static var exitCode: Int32 {
        let number = received.load(ordering: .relaxed)
        return 128 + (number == 0 ? SIGINT : number)
    }

    /// Starts watching. Before this call, the signals kill the process.
    ///
    /// SIGTERM and SIGHUP stay ignored if the process was started so, as by `nohup`.
    package static func watch() {
        // Initializes it: a signal handler may store to it, but must not initialize it.
        _ = received.load(ordering: .relaxed)
        _ = time.load(ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let isFirst = Interrupt.received.compareExchange(
                expected: 0, desired: number, ordering: .relaxed
            ).exchanged
            if isFirst { Interrupt.time.store(Interrupt.milliseconds, ordering: .relaxed) }
            guard !isFirst, number != SIGHUP, !Interrupt.isRepeated(number) else { return }
            // Delivered, and with that fatal, once this handler returns.
            signal(number, SIG_DFL)
            raise(number)
        }
        action.sa_flags = SA_RESTART
        for number in [SIGINT, SIGTERM, SIGHUP] where number == SIGINT || !CrashReports.isIgnored(number) {
            sigaction(number, &action, nil)
        }
    }

    /// Both are safe in a signal handler.
    private static var milliseconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }

    private static func isRepeated(_ number: Int32) -> Bool {
        guard number == SIGTERM, received.load(ordering: .relaxed) == SIGTERM else { return false }
        // 0 is between the two stores of the first signal, which another thread handles.
        let first = time.load(ordering: .relaxed)
        return first == 0 || milliseconds - first < 1000
    }
}
