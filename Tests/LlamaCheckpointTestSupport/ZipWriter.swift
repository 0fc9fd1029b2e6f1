/// Writes ZIP files, honest or not.
struct ZipWriter {
    struct Entry {
        var name: String
        var data: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// What the directory says instead of the truth.
        var statedSize: UInt64?
        var statedOffset: UInt64?
    }

    var entries: [Entry] = []
    /// Whether sizes, offsets and the directory use the ZIP64 fields.
    var isZip64 = false
    var comment: [UInt8] = []
    var statedCount: UInt64?
    var statedDirectorySize: UInt64?
    var statedDirectoryOffset: UInt64?

    /// The file, and the offsets at which its parts begin.
    func file() -> (bytes: [UInt8], boundaries: [Int]) {
        var out = ByteWriter()
        var boundaries: [Int] = []
        var offsets: [UInt64] = []
        for entry in entries {
            boundaries.append(out.bytes.count)
            offsets.append(UInt64(out.bytes.count))
            writeLocal(entry, to: &out)
            boundaries.append(out.bytes.count)
            out.write(entry.data)
        }
        let start = out.bytes.count
        for (entry, offset) in zip(entries, offsets) {
            boundaries.append(out.bytes.count)
            writeCentral(entry, offset: entry.statedOffset ?? offset, to: &out)
        }
        let size = statedDirectorySize ?? UInt64(out.bytes.count - start)
        boundaries.append(out.bytes.count)
        writeEnd(size: size, offset: statedDirectoryOffset ?? UInt64(start), to: &out)
        return (out.bytes, boundaries)
    }

    private func writeLocal(_ entry: Entry, to out: inout ByteWriter) {
        out.write(UInt32(0x0403_4B50))
        for field in [20, entry.flags, entry.method, 0, 0] { out.write(field) }
        out.write(UInt32(0))
        for _ in 0..<2 { out.write(UInt32(truncatingIfNeeded: entry.data.count)) }
        // PyTorch pads so that the data begins at a multiple of 64.
        let head = out.bytes.count + 4 + entry.name.utf8.count
        let padding = (64 - (head + 4) % 64) % 64
        out.write(UInt16(entry.name.utf8.count))
        out.write(UInt16(4 + padding))
        out.write(entry.name)
        out.write(Array("FB".utf8))
        out.write(UInt16(padding))
        out.write([UInt8](repeating: 0x5A, count: padding))
    }

    private func writeCentral(_ entry: Entry, offset: UInt64, to out: inout ByteWriter) {
        let size = entry.statedSize ?? UInt64(entry.data.count)
        out.write(UInt32(0x0201_4B50))
        for field in [20, 20, entry.flags, entry.method, 0, 0] { out.write(field) }
        out.write(UInt32(0))
        for _ in 0..<2 { out.write(isZip64 ? .max : UInt32(truncatingIfNeeded: size)) }
        out.write(UInt16(entry.name.utf8.count))
        for field in [isZip64 ? 28 : 0, 0, 0, 0] as [UInt16] { out.write(field) }
        out.write(UInt32(0))
        out.write(isZip64 ? .max : UInt32(truncatingIfNeeded: offset))
        out.write(entry.name)
        guard isZip64 else { return }
        for field in [1, 24] as [UInt16] { out.write(field) }
        for value in [size, size, offset] { out.write(value) }
    }

    private func writeEnd(size: UInt64, offset: UInt64, to out: inout ByteWriter) {
        let count = statedCount ?? UInt64(entries.count)
        if isZip64 {
            let at = UInt64(out.bytes.count)
            out.write(UInt32(0x0606_4B50))
            out.write(UInt64(44))
            for field in [45, 45] as [UInt16] { out.write(field) }
            for field in [0, 0] as [UInt32] { out.write(field) }
            for value in [count, count, size, offset] { out.write(value) }
            out.write(UInt32(0x0706_4B50))
            out.write(UInt32(0))
            out.write(at)
            out.write(UInt32(1))
        }
        out.write(UInt32(0x0605_4B50))
        for field in [0, 0] as [UInt16] { out.write(field) }
        for _ in 0..<2 { out.write(isZip64 ? .max : UInt16(truncatingIfNeeded: count)) }
        for value in [size, offset] { out.write(isZip64 ? .max : UInt32(truncatingIfNeeded: value)) }
        out.write(UInt16(comment.count))
        out.write(comment)
    }
}
