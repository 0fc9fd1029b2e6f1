import LlamaFiles

/// Reads the header of a GGUF file from front to back, never beyond the file or the bound on headers.
package struct GGUFCursor {
    /// Largest header that is read, in bytes. A vocabulary of 256,000 tokens takes about 10 MB.
    static let headerLimit = 128 << 20

    /// The file.
    let path: String
    /// The key or tensor being read, for errors.
    var item: String?
    /// The byte to be read next.
    private(set) var position: Int
    private let file: UnsafeRawBufferPointer
    private let end: Int

    /// - Parameter position: Inside the file.
    init(_ file: MappedFile, position: Int) {
        path = file.path
        self.file = file.bytes
        self.position = position
        end = min(file.bytes.count, GGUFCursor.headerLimit)
    }

    /// Bytes that can still be read.
    var remaining: Int { end - position }

    /// The next little-endian integer.
    mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(CheckpointError) -> T {
        guard remaining >= MemoryLayout<T>.size, let value = file.integer(at: position, as: type) else {
            throw cutOff(MemoryLayout<T>.size)
        }
        position += MemoryLayout<T>.size
        return value
    }

    /// The next 64-bit count of items that take at least `least` bytes each.
    ///
    /// - Parameter limit: Most of them that are accepted, however long the file.
    mutating func count(
        of things: String, least: Int, limit: UInt64 = .max
    ) throws(CheckpointError) -> Int {
        let count = try integer(UInt64.self)
        guard count <= UInt64(remaining / least) else {
            throw invalid(
                expected: "at most \(remaining / least) \(things) in the \(remaining) bytes that follow",
                found: "\(count)", advice: "the file is cut off or damaged: fetch it again")
        }
        guard count <= limit else {
            throw invalid(
                expected: "at most \(limit) \(things)", found: "\(count)", advice: "the file is damaged")
        }
        return Int(count)
    }

    /// The next string's bytes; valid while the file is mapped.
    mutating func string() throws(CheckpointError) -> UnsafeRawBufferPointer {
        try bytes(count(of: "bytes", least: 1))
    }

    /// The next `count` bytes; valid while the file is mapped.
    mutating func bytes(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
        guard count <= remaining else { throw cutOff(count) }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: file[position..<position + count])
    }

    /// An error about the item being read.
    func invalid(expected: String, found: String, advice: String? = nil) -> CheckpointError {
        .invalid(path, item, expected: expected, found: found, advice: advice)
    }

    private func cutOff(_ count: Int) -> CheckpointError {
        let isWhole = end < file.count
        return invalid(
            expected: "\(count) bytes at byte \(position)",
            found: isWhole ? "a header of more than \(end >> 20) MiB" : "the end of the file",
            advice: isWhole ? "the file is damaged" : "the file is cut off: fetch it again")
    }
}
