import LlamaCheckpoints

/// Lays out a ZIP of stored entries as torch's writer (miniz) does, byte for byte: data aligned to 64 bytes by a
/// padding field, checksums after the data, a ZIP64 end record in every file.
///
/// Sources: PKWARE APPNOTE 6.3; `caffe2/serialize/inline_container.cc` and `third_party/miniz` of PyTorch.
struct ZipLayout: Sendable {
    /// The alignment of every entry's data, in bytes.
    static let alignment = 64

    /// One entry; its data follows its name.
    private struct Entry: Sendable {
        let name: [UInt8]
        let start: Int
        let byteCount: Int
        let dataOffset: Int
        /// The checksum, where the data is known; else it is that of the next slot.
        let checksum: UInt32?

        var dataEnd: Int { dataOffset + byteCount }
    }

    /// Sizes and offsets from here on go into 64-bit fields; a test may lower it.
    private let limit: Int
    private var entries: [Entry] = []
    private(set) var pieces: [FileLayout.Piece] = []
    private(set) var end = 0

    init(limit: Int = Int(UInt32.max)) { self.limit = limit }

    /// Adds an entry whose data is known.
    mutating func add(_ name: String, _ data: [UInt8]) {
        let offset = reserve(name, byteCount: data.count, checksum: CRC32.checksum(of: data))
        pieces.append((offset, data))
    }

    /// Adds an entry whose data is written separately; returns the data's offset.
    mutating func reserve(_ name: String, byteCount: Int) -> Int {
        reserve(name, byteCount: byteCount, checksum: nil)
    }

    private mutating func reserve(_ name: String, byteCount: Int, checksum: UInt32?) -> Int {
        let wide = wideFields(byteCount: byteCount, start: end)
        let header = localHeader(Array(name.utf8), byteCount: byteCount, wide: wide)
        let entry = Entry(
            name: Array(name.utf8), start: end, byteCount: byteCount, dataOffset: end + header.count,
            checksum: checksum)
        pieces.append((end, header))
        entries.append(entry)
        end = entry.dataEnd + (byteCount == 0 ? 0 : wide.isEmpty ? 16 : 24)
        return entry.dataOffset
    }

    /// Ends the file; nothing can be added after.
    ///
    /// - Returns: The file's size, and the pieces to write once the checksums of all reserved entries are known.
    mutating func finish() -> (
        byteCount: Int, completion: @Sendable ([UInt32]) throws(CheckpointError) -> [FileLayout.Piece]
    ) {
        let directory = (offset: end, count: centralDirectory(checksums: entries.map { _ in 0 }).count)
        let records = endRecords(directory)
        pieces.append((directory.offset + directory.count, records))
        let layout = self
        end = directory.offset + directory.count + records.count
        return (
            end,
            { checksums throws(CheckpointError) in
                try layout.completion(checksums, directoryOffset: directory.offset)
            }
        )
    }

    /// - Parameter given: The checksums of the reserved entries, in order.
    private func completion(
        _ given: [UInt32], directoryOffset: Int
    ) throws(CheckpointError) -> [FileLayout.Piece] {
        var rest = given[...]
        var checksums: [UInt32] = []
        for entry in entries {
            guard let checksum = entry.checksum ?? rest.popFirst() else {
                throw .invalid(
                    String(decoding: entry.name, as: UTF8.self), expected: "a checksum", found: "none")
            }
            checksums.append(checksum)
        }
        var pieces = zip(entries, checksums).filter { $0.0.byteCount > 0 }.map { entry, checksum in
            (offset: entry.dataEnd, bytes: descriptor(of: entry, checksum: checksum))
        }
        pieces.append((directoryOffset, centralDirectory(checksums: checksums)))
        return pieces
    }
}

// MARK: - Records

extension ZipLayout {
    /// What does not fit 32 bits, in the order of ZIP64's extra field.
    private func wideFields(byteCount: Int, start: Int) -> [Int] {
        (byteCount >= limit ? [byteCount, byteCount] : []) + (start >= limit ? [start] : [])
    }

    private func narrow(_ value: Int) -> UInt32 { value >= limit ? .max : UInt32(truncatingIfNeeded: value) }

    private func extraField(_ wide: [Int]) -> LittleEndianBytes {
        var bytes = LittleEndianBytes()
        guard !wide.isEmpty else { return bytes }
        bytes.write(UInt16(1), UInt16(8 * wide.count))
        wide.forEach { bytes.write(UInt64($0)) }
        return bytes
    }

    /// Bit 3, "sizes and checksum follow the data", where there is data; bit 11, "the name is UTF-8".
    private static func flags(_ byteCount: Int) -> UInt16 { byteCount == 0 ? 0x0800 : 0x0808 }

    private func localHeader(_ name: [UInt8], byteCount: Int, wide: [Int]) -> [UInt8] {
        let extra = extraField(wide).bytes
        let unpadded = end + 30 + name.count + extra.count + 4
        let padding = (ZipLayout.alignment - unpadded % ZipLayout.alignment) % ZipLayout.alignment
        var header = LittleEndianBytes()
        header.write(UInt32(0x0403_4b50), UInt16(0), ZipLayout.flags(byteCount), UInt16(0), UInt32(0))
        header.write(UInt32(0), UInt32(0), UInt32(0))
        header.write(UInt16(name.count), UInt16(extra.count + 4 + padding))
        header.bytes += name + extra
        // The padding field of torch: "FB", a length, that many Z.
        header.bytes += Array("FB".utf8)
        header.write(UInt16(padding))
        header.bytes += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
        return header.bytes
    }

    private func descriptor(of entry: Entry, checksum: UInt32) -> [UInt8] {
        var bytes = LittleEndianBytes()
        bytes.write(UInt32(0x0807_4b50), checksum)
        if wideFields(byteCount: entry.byteCount, start: entry.start).isEmpty {
            bytes.write(narrow(entry.byteCount), narrow(entry.byteCount))
        } else {
            bytes.write(UInt64(entry.byteCount), UInt64(entry.byteCount))
        }
        return bytes.bytes
    }

    private func centralDirectory(checksums: [UInt32]) -> [UInt8] {
        var directory = LittleEndianBytes()
        for (entry, checksum) in zip(entries, checksums) {
            let extra = extraField(wideFields(byteCount: entry.byteCount, start: entry.start)).bytes
            directory.write(UInt32(0x0201_4b50), UInt32(0), ZipLayout.flags(entry.byteCount))
            directory.write(UInt16(0), UInt32(0), checksum)
            directory.write(narrow(entry.byteCount), narrow(entry.byteCount))
            directory.write(UInt16(entry.name.count), UInt16(extra.count), UInt16(0), UInt16(0), UInt16(0))
            directory.write(UInt32(0), narrow(entry.start))
            directory.bytes += entry.name + extra
        }
        return directory.bytes
    }

    /// ZIP64's end record and its locator, then the old end record; torch always writes all three.
    private func endRecords(_ directory: (offset: Int, count: Int)) -> [UInt8] {
        let short = UInt16(clamping: limit == Int(UInt32.max) ? entries.count : Int(UInt16.max))
        var bytes = LittleEndianBytes()
        bytes.write(UInt32(0x0606_4b50), UInt64(44), UInt16(0x031E), UInt16(45), UInt32(0), UInt32(0))
        bytes.write(UInt64(entries.count), UInt64(entries.count))
        bytes.write(UInt64(directory.count), UInt64(directory.offset))
        bytes.write(UInt32(0x0706_4b50), UInt32(0), UInt64(directory.offset + directory.count), UInt32(1))
        bytes.write(UInt32(0x0605_4b50), UInt16(0), UInt16(0), short, short)
        bytes.write(narrow(directory.count), narrow(directory.offset), UInt16(0))
        return bytes.bytes
    }
}
