import LlamaFiles

/// The directory of a ZIP file whose entries are stored, not compressed, as `torch.save` writes them.
///
/// Format: PKWARE APPNOTE 6.3, with the ZIP64 extensions that files above 4 GB need.
struct ZipArchive {
    /// The byte range of each entry in the file.
    let entries: [String: Range<Int>]

    private static let endSignature: UInt32 = 0x0605_4b50
    private static let locator64Signature: UInt32 = 0x0706_4b50
    private static let end64Signature: UInt32 = 0x0606_4b50
    private static let centralSignature: UInt32 = 0x0201_4b50
    private static let localSignature: UInt32 = 0x0403_4b50

    /// Reads the central directory and checks that entries are stored, before the directory and disjoint.
    init(_ file: MappedFile) throws(CheckpointError) {
        let bytes = file.bytes
        let directory = try ZipArchive.directory(of: file)
        var entries: [String: Range<Int>] = [:]
        var extents: [(name: String, range: Range<Int>)] = []
        var offset = directory.offset
        for _ in 0..<directory.count {
            let record = try CentralRecord(bytes, at: offset, end: directory.end, path: file.path)
            let range = try record.dataRange(in: file)
            extents.append((record.name, Int(record.localOffset)..<range.upperBound))
            guard entries.updateValue(range, forKey: record.name) == nil else {
                throw .invalid(
                    file.path, record.name, expected: "each ZIP entry once", found: "the same name again")
            }
            offset = record.next
        }
        try ZipArchive.checkOverlaps(extents, directory: directory.offset, path: file.path)
        self.entries = entries
    }

    /// Entries, their local headers included, share no byte with each other nor with the directory.
    private static func checkOverlaps(
        _ extents: [(name: String, range: Range<Int>)], directory: Int, path: String
    ) throws(CheckpointError) {
        var end = 0
        for (name, range) in extents.sorted(by: {
            ($0.range.lowerBound, $0.name) < ($1.range.lowerBound, $1.name)
        }) {
            guard range.lowerBound >= end else {
                throw .invalid(
                    path, name, expected: "ZIP entries that do not overlap",
                    found: "an overlap at byte \(range.lowerBound)")
            }
            end = range.upperBound
            guard end <= directory else {
                throw .invalid(
                    path, name, expected: "ZIP entries that end before their directory at byte \(directory)",
                    found: "one that ends at \(end)")
            }
        }
    }

    private struct Directory {
        let offset: Int
        let end: Int
        let count: Int
    }

    private static func directory(of file: MappedFile) throws(CheckpointError) -> Directory {
        let bytes = file.bytes
        guard let end = endRecord(in: bytes),
            let shortCount = bytes.integer(at: end + 10, as: UInt16.self),
            let shortSize = bytes.integer(at: end + 12, as: UInt32.self),
            let shortOffset = bytes.integer(at: end + 16, as: UInt32.self)
        else {
            throw .invalid(
                file.path, "end of file", expected: "a ZIP directory", found: "none",
                advice: "the file is cut off: fetch it again")
        }
        var (count, size, offset) = (UInt64(shortCount), UInt64(shortSize), UInt64(shortOffset))
        if bytes.integer(at: end - 20) == locator64Signature {
            guard let at = bytes.integer(at: end - 12, as: UInt64.self), let at = Int(exactly: at),
                bytes.integer(at: at) == end64Signature,
                let longCount = bytes.integer(at: at + 32, as: UInt64.self),
                let longSize = bytes.integer(at: at + 40, as: UInt64.self),
                let longOffset = bytes.integer(at: at + 48, as: UInt64.self)
            else {
                throw .invalid(file.path, "end of file", expected: "a ZIP64 directory record", found: "none")
            }
            (count, size, offset) = (longCount, longSize, longOffset)
        }
        let (directoryEnd, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, directoryEnd <= UInt64(end), count <= size / 46 else {
            throw .invalid(
                file.path, "ZIP directory", expected: "\(count) entries inside the file",
                found: "\(size) bytes at offset \(offset)")
        }
        return Directory(offset: Int(offset), end: Int(directoryEnd), count: Int(count))
    }

    /// Offset of the end-of-directory record, which only a comment of at most 64 KB may follow.
    private static func endRecord(in bytes: UnsafeRawBufferPointer) -> Int? {
        let last = bytes.count - 22
        guard last >= 0 else { return nil }
        return stride(from: last, through: max(0, last - 0xFFFF), by: -1).first {
            bytes.integer(at: $0) == endSignature
        }
    }
}

extension ZipArchive {
    /// One record of the central directory.
    private struct CentralRecord {
        let name: String
        let method: UInt16
        let flags: UInt16
        let size: UInt64
        let storedSize: UInt64
        let localOffset: UInt64
        let next: Int

        init(_ bytes: UnsafeRawBufferPointer, at offset: Int, end: Int, path: String) throws(CheckpointError)
        {
            let damaged = CheckpointError.invalid(
                path, "ZIP directory", expected: "an entry at byte \(offset)", found: "something else")
            guard offset <= end - 46, bytes.integer(at: offset) == centralSignature,
                let flags = bytes.integer(at: offset + 8, as: UInt16.self),
                let method = bytes.integer(at: offset + 10, as: UInt16.self),
                let storedSize = bytes.integer(at: offset + 20, as: UInt32.self),
                let size = bytes.integer(at: offset + 24, as: UInt32.self),
                let nameCount = bytes.integer(at: offset + 28, as: UInt16.self),
                let extraCount = bytes.integer(at: offset + 30, as: UInt16.self),
                let commentCount = bytes.integer(at: offset + 32, as: UInt16.self),
                let localOffset = bytes.integer(at: offset + 42, as: UInt32.self)
            else { throw damaged }
            let nameEnd = offset + 46 + Int(nameCount)
            let extraEnd = nameEnd + Int(extraCount)
            next = extraEnd + Int(commentCount)
            guard next <= end else { throw damaged }
            name = String(decoding: bytes[offset + 46..<nameEnd], as: UTF8.self)
            self.method = method
            self.flags = flags
            var long = Zip64Fields(UnsafeRawBufferPointer(rebasing: bytes[nameEnd..<extraEnd]))
            guard let size = long.widened(size), let storedSize = long.widened(storedSize),
                let localOffset = long.widened(localOffset)
            else { throw damaged }
            (self.size, self.storedSize, self.localOffset) = (size, storedSize, localOffset)
        }

        func dataRange(in file: MappedFile) throws(CheckpointError) -> Range<Int> {
            guard flags & 1 == 0 else { throw .unsupported(file.path, at: name, "an encrypted ZIP entry") }
            guard method == 0 else {
                throw .invalid(
                    file.path, name, expected: "a stored ZIP entry, as torch.save writes it",
                    found: method == 8 ? "a deflated one" : "compression method \(method)",
                    advice: "save the checkpoint again with torch.save")
            }
            let bytes = file.bytes
            guard let local = Int(exactly: localOffset), bytes.integer(at: local) == localSignature,
                let nameCount = bytes.integer(at: local + 26, as: UInt16.self),
                let extraCount = bytes.integer(at: local + 28, as: UInt16.self)
            else {
                throw .invalid(
                    file.path, name, expected: "a ZIP entry at byte \(localOffset)", found: "something else",
                    advice: "the file is damaged or cut off: fetch it again")
            }
            let start = local + 30 + Int(nameCount) + Int(extraCount)
            guard size == storedSize, start <= bytes.count, size <= UInt64(bytes.count - start) else {
                throw .invalid(
                    file.path, name, expected: "\(size) bytes inside the file",
                    found: "\(max(0, bytes.count - start)) from byte \(start) on",
                    advice: "the file is damaged or cut off: fetch it again")
            }
            return start..<start + Int(size)
        }
    }

    /// ZIP64's extra field: the values that do not fit 32 bits, in the order of the fields that they replace.
    private struct Zip64Fields {
        private var values: [UInt64] = []

        init(_ extra: UnsafeRawBufferPointer) {
            var offset = 0
            while let tag = extra.integer(at: offset, as: UInt16.self),
                let count = extra.integer(at: offset + 2, as: UInt16.self)
            {
                let end = offset + 4 + Int(count)
                if tag == 1, end <= extra.count {
                    values = stride(from: offset + 4, through: end - 8, by: 8).compactMap {
                        extra.integer(at: $0)
                    }
                }
                offset = end
            }
            values.reverse()
        }

        mutating func widened(_ value: UInt32) -> UInt64? {
            value == .max ? values.popLast() : UInt64(value)
        }
    }
}
