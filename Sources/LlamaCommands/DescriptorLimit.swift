import Glibc

/// How many files the process may have open.
enum DescriptorLimit {
    /// Less than this, and libraries that a command is made of trap.
    private static let least: rlim_t = 32

    /// Raises it to the most that the system allows: a checkpoint may have more shards than the usual 1,024.
    ///
    /// - Throws: ``Failure`` where that is too few for any command.
    static func raise() throws(Failure) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        // Where the system refuses, a later file that cannot be opened is the error.
        let allowed = limit.rlim_max
        if allowed != limit.rlim_cur {
            limit.rlim_cur = allowed
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard allowed >= least else {
            throw Failure(
                Failure.system,
                "the limit on open files: expected at least \(least), found \(allowed); raise it with `ulimit -n`"
            )
        }
    }
}
