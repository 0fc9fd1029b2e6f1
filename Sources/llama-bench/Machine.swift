import Glibc
import LlamaCommands
import LlamaJSON
import LlamaKernels

/// The machine that is measured, and how it is used.
struct Machine {
    private let processor: String
    private let processorCount: Int
    private let usableProcessorCount: Int
    private let pageSize: Int
    private let kernel: String
    private let hugePages: String?
    private let kernels: KernelContext

    init(_ kernels: KernelContext) {
        self.kernels = kernels
        processor = Self.line(of: "/proc/cpuinfo", with: "model name") ?? "unknown"
        processorCount = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        usableProcessorCount = KernelContext.processorCount
        pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        var name = utsname()
        uname(&name)
        kernel = withUnsafeBytes(of: &name.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        hugePages = Self.firstLine(of: "/sys/kernel/mm/transparent_hugepage/enabled")?
            .split(separator: " ").first { $0.hasPrefix("[") }
            .map { String($0.dropFirst().dropLast()) }
    }

    /// One line for a person.
    var text: String {
        let memory = MemoryStatus.physical.map { ", " + Quantity.bytes($0) + " of memory" } ?? ""
        let threads = kernels.threads == 1 ? "1 thread" : "\(kernels.threads) threads"
        return "\(processor), \(threads) on \(processorCount) logical cores, "
            + "\(kernels.instructionSet.rawValue) kernels" + memory
    }

    /// The object that `--json` prints.
    var json: JSONText {
        .object([
            ("processor", .string(processor)), ("logical_cores", .int(processorCount)),
            ("usable_cores", .int(usableProcessorCount)), ("threads", .int(kernels.threads)),
            ("instruction_set", .string(kernels.instructionSet.rawValue)),
            ("memory_bytes", MemoryStatus.physical.map { .int($0) } ?? .null),
            ("page_size_bytes", .int(pageSize)),
            ("transparent_huge_pages", hugePages.map { .string($0) } ?? .null),
            ("kernel", .string(kernel)), ("version", .string(Release.version)),
        ])
    }

    private static func lines(of path: String, _ visit: (String) -> Bool) {
        guard let file = fopen(path, "r") else { return }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            let bytes = buffer.prefix { $0 != 0 && $0 != 0x0A }.map(UInt8.init(bitPattern:))
            if visit(String(decoding: bytes, as: UTF8.self)) { return }
        }
    }

    private static func firstLine(of path: String) -> String? {
        var first: String?
        lines(of: path) { line in
            first = line
            return true
        }
        return first
    }

    /// What follows the colon in the first line that begins so.
    private static func line(of path: String, with prefix: String) -> String? {
        var value: String?
        lines(of: path) { line in
            guard line.hasPrefix(prefix), let colon = line.firstIndex(of: ":") else { return false }
            value = String(line[colon...].dropFirst().drop { $0 == " " })
            return true
        }
        return value
    }
}
