import Glibc

/// What happens when a command crashes or is told to quit.
enum CrashReports {
    /// Signals on which Swift's runtime prints a backtrace.
    private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGQUIT]

    /// Switches the runtime's crash handler off: a crash ends the process at once, as in any other program, without a
    /// backtrace or a prompt. With `LLAMA_BACKTRACE=1` in the environment it stays as the runtime has set it up.
    ///
    /// Unblocks these signals and those that ask a process to end: a parent may have blocked them, as Foundation's
    /// Process passes on the signal mask of its thread.
    static func silence() {
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in signals + [SIGINT, SIGTERM, SIGHUP] { sigaddset(&mask, number) }
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
        guard getenv("LLAMA_BACKTRACE").map({ String(cString: $0) }) != "1" else { return }
        for number in signals where !isIgnored(number) { signal(number, SIG_DFL) }
    }

    /// Whether a signal has no effect: `nohup` and shells without job control start programs so, and rely on it.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        let handler = action.__sigaction_handler.sa_handler
        // A function has no identity in Swift; SIG_IGN is the address 1.
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
