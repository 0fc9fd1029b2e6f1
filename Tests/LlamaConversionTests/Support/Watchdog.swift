import Foundation
import Synchronization

/// Ends the process where one input takes too long: nothing else can stop an endless loop.
final class Watchdog: Sendable {
    private struct Watch {
        var input = ""
        var deadline: ContinuousClock.Instant?
        var isOver = false
    }

    private let watch = Mutex(Watch())
    private let limit: Duration

    init(limit: Duration) {
        self.limit = limit
        Thread.detachNewThread { [self] in
            while !isOver {
                Thread.sleep(forTimeInterval: 0.25)
                check()
            }
        }
    }

    /// The time of `input` begins.
    func begin(_ input: @autoclosure () -> String) {
        let deadline = ContinuousClock.now + limit
        watch.withLock { $0 = Watch(input: input(), deadline: deadline) }
    }

    /// There are no more inputs.
    func end() { watch.withLock { $0 = Watch(isOver: true) } }

    private var isOver: Bool { watch.withLock { $0.isOver } }

    private func check() {
        let late = watch.withLock { $0.deadline.map { $0 < .now } == true ? $0.input : nil }
        guard let late else { return }
        FileHandle.standardError.write(Data("\(late): took longer than \(limit)\n".utf8))
        abort()
    }
}

/// Memory of this process, as the system counts it.
enum ProcessMemory {
    /// The most there ever was, in bytes.
    static var peak: Int {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss << 10
    }

    /// What there is now, in bytes.
    static var resident: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
