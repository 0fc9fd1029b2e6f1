import Synchronization

/// A few words of a file, to tell whether its contents were replaced by others of the same length.
final class ContentSample: Sendable {
    /// Number of words, at equal distances; the first and the last word of the file are among them.
    static let count = 64

    private let words = Mutex<[UInt64]>([])

    /// Remembers words of the bytes; only the first call does.
    func take(of bytes: UnsafeRawBufferPointer) {
        words.withLock { if $0.isEmpty { $0 = Self.words(of: bytes) } }
    }

    /// Whether the remembered words are still in the bytes, whose number must be the same; true where there are none.
    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        words.withLock { $0.isEmpty || $0 == Self.words(of: bytes) }
    }

    private static func words(of bytes: UnsafeRawBufferPointer) -> [UInt64] {
        let size = MemoryLayout<UInt64>.size
        guard bytes.count >= size else { return bytes.map(UInt64.init) }
        let last = bytes.count - size
        return (0..<count).map { index in
            let offset = index == count - 1 ? last : last / (count - 1) * index
            return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
    }
}
