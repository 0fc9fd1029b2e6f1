import Glibc
import Synchronization

/// A few words of a file, to tell whether its contents were replaced by others of the same length.
final class ContentSample: Sendable {
    /// Number of words, at equal distances; the first and the last word of the file are among them.
    static let count = 64

    private static let wordSize = MemoryLayout<UInt64>.size

    private let ends = Mutex<[UInt64]>([])
    private let words = Mutex<[UInt64]>([])

    /// Remembers the first and the last word of an open file of at least two words, without reading ahead.
    func takeEnds(of descriptor: Int32, count: Int) {
        guard count >= 2 * Self.wordSize else { return }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
        defer { posix_fadvise(descriptor, 0, 0, POSIX_FADV_NORMAL) }
        var found: [UInt64] = []
        for offset in [0, count - Self.wordSize] {
            var word: UInt64 = 0
            guard pread(descriptor, &word, Self.wordSize, off_t(offset)) == Self.wordSize else { return }
            found.append(word)
        }
        ends.withLock { $0 = found }
    }

    /// Remembers words of the bytes; only the first call does.
    func take(of bytes: UnsafeRawBufferPointer) {
        words.withLock { if $0.isEmpty { $0 = Self.words(of: bytes, count: Self.count) } }
    }

    /// Whether the remembered words are still in the bytes, whose number must be the same; true where there are none.
    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let hasSameEnds = ends.withLock { $0.isEmpty || $0 == Self.words(of: bytes, count: 2) }
        return hasSameEnds
            && words.withLock { $0.isEmpty || $0 == Self.words(of: bytes, count: Self.count) }
    }

    private static func words(of bytes: UnsafeRawBufferPointer, count: Int) -> [UInt64] {
        guard bytes.count >= wordSize else { return bytes.map(UInt64.init) }
        let last = bytes.count - wordSize
        return (0..<count).map { index in
            let offset = index == count - 1 ? last : last / (count - 1) * index
            return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
    }
}
