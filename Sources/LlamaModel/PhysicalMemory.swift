import Glibc

/// The machine's memory. Linux overcommits it and kills the process that touches too much, so the size of weights that
/// are to be copied is compared with it first.
package enum PhysicalMemory {
    /// All of it, in bytes.
    package static var byteCount: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }
}
