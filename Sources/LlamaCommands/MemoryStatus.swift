import Glibc

/// What the system says of memory. Source: proc(5).
package enum MemoryStatus {
    /// Most bytes of this process that were resident at once, pages of mapped files included, since it began or since
    /// ``resetPeak()``.
    package static var peak: Int? { field("VmHWM:", of: "/proc/self/status") }

    /// Bytes of this process that are resident besides pages of mapped files.
    package static var anonymous: Int? { field("RssAnon:", of: "/proc/self/status") }

    /// Bytes that programs can use without swapping.
    package static var available: Int? { field("MemAvailable:", of: "/proc/meminfo") }

    /// Bytes of physical memory.
    package static var physical: Int? { field("MemTotal:", of: "/proc/meminfo") }

    /// Starts ``peak`` again, from what is resident now. Where the system refuses, it stays.
    package static func resetPeak() {
        guard let file = fopen("/proc/self/clear_refs", "w") else { return }
        fputs("5", file)
        fclose(file)
    }

    /// A field that is given in KB, in bytes.
    private static func field(_ name: String, of path: String) -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let words = text.split { $0.isWhitespace }
            if words.first.map(String.init) == name, words.count > 1 { return Int(words[1]).map { $0 << 10 } }
        }
        return nil
    }
}
