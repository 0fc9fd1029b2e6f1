import Glibc

/// How many files the process may have open.
enum DescriptorLimit {
    /// Raises it to the most that the system allows: a checkpoint may have more shards than the usual 1,024.
    ///
    /// Where the system refuses, a later file that cannot be opened is the error.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
