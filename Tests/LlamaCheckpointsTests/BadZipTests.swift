@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import Testing

@Suite struct BadZipTests {
    @Test(arguments: [
        BadInput.torch(
            "deflated entry",
            """
            consolidated/x: expected a stored ZIP entry, as torch.save writes it, found a \
            deflated one; save the checkpoint again with torch.save
            """
        ) {
            $0.zip.entries = [.init(name: "consolidated/x", data: [1], method: 8)]
        },
        .torch(
            "bzip2 entry",
            """
            consolidated/x: expected a stored ZIP entry, as torch.save writes it, found \
            compression method 12; save the checkpoint again with torch.save
            """
        ) {
            $0.zip.entries = [.init(name: "consolidated/x", data: [1], method: 12)]
        },
        .torch("encrypted entry", "consolidated/x: an encrypted ZIP entry is not supported") {
            $0.zip.entries = [.init(name: "consolidated/x", data: [1], flags: 1)]
        },
        .torch(
            "duplicate entry",
            """
            consolidated/data/0: expected each ZIP entry once, found the same name again
            """
        ) { $0.storages.append(("0", [1, 2])) },
        .torch(
            "two roots",
            """
            expected one ZIP entry data.pkl, found consolidated/data.pkl other/data.pkl; \
            this ZIP is not a torch checkpoint
            """
        ) { $0.zip.entries = [.init(name: "other/data.pkl", data: [0x80, 2])] },
        .torch(
            "overlapping entries",
            """
            x: expected ZIP entries that do not overlap, found an \
            overlap at byte 0
            """
        ) {
            $0.zip.entries = [.init(name: "x", data: [9, 9], statedOffset: 0)]
        },
        .torch(
            "size beyond the file",
            """
            x: expected 2147483648 bytes inside the file, found 10608 from byte 3584 on; the \
            file is damaged or cut off: fetch it again
            """
        ) {
            $0.zip.entries = [.init(name: "x", data: [9], statedSize: 1 << 31)]
        },
        .torch(
            "offset beyond the file",
            """
            x: expected a ZIP entry at byte 2147483648, found something else; the file is \
            damaged or cut off: fetch it again
            """
        ) {
            $0.zip.entries = [.init(name: "x", data: [9], statedOffset: 1 << 31)]
        },
        .torch(
            "offset not of an entry",
            """
            x: expected a ZIP entry at byte 1, found something else; the file is damaged or \
            cut off: fetch it again
            """
        ) {
            $0.zip.entries = [.init(name: "x", data: [9], statedOffset: 1)]
        },
        .torch(
            "huge zip64 size",
            """
            x: expected 18446744073709551615 bytes inside the file, found 11384 from byte \
            3584 on; the file is damaged or cut off: fetch it again
            """
        ) {
            $0.zip.isZip64 = true
            $0.zip.entries = [.init(name: "x", data: [9], statedSize: .max)]
        },
        .torch(
            "huge zip64 offset",
            """
            x: expected a ZIP entry at byte 18446744073709551615, found something else; the \
            file is damaged or cut off: fetch it again
            """
        ) {
            $0.zip.isZip64 = true
            $0.zip.entries = [.init(name: "x", data: [9], statedOffset: .max)]
        },
        .torch(
            "huge zip64 count",
            """
            ZIP directory: expected 18446744073709551615 entries inside the file, found 2249 \
            bytes at offset 12482
            """
        ) {
            $0.zip.isZip64 = true
            $0.zip.statedCount = .max
        },
        .torch(
            "huge zip64 directory",
            """
            ZIP directory: expected 24 entries inside the file, found 18446744073709551615 \
            bytes at offset 12482
            """
        ) {
            $0.zip.isZip64 = true
            $0.zip.statedDirectorySize = .max
        },
        .torch(
            "directory outside",
            """
            ZIP directory: expected 24 entries inside the file, found 1577 bytes at offset \
            2147483648
            """
        ) { $0.zip.statedDirectoryOffset = 1 << 31 },
        .torch("directory elsewhere", "ZIP directory: expected an entry at byte 0, found something else") {
            $0.zip.statedDirectoryOffset = 0
        },
        .torch(
            "more entries than the directory holds",
            """
            ZIP directory: expected 60 entries inside the file, found 1577 bytes at offset \
            12482
            """
        ) { $0.zip.statedCount = 60 },
        .torch("big-endian", "consolidated/byteorder: byte order \"big\" is not supported") {
            $0.byteOrder = "big"
        },
        .torch(
            "big pickle",
            """
            consolidated/data.pkl: expected at most 8388608 bytes, found 9437184; save the \
            plain state dict of the model
            """
        ) { $0.pickle = [UInt8](repeating: 0x4E, count: 9 << 20) },
        BadInput(
            "empty ZIP",
            """
            DIR/consolidated.00.pth: expected one ZIP entry data.pkl, found an empty ZIP; \
            this ZIP is not a torch checkpoint
            """
        ) { try .torch(ZipWriter().file().bytes) },
        BadInput(
            "other ZIP",
            """
            DIR/consolidated.00.pth: expected one ZIP entry data.pkl, found \
            word/document.xml; this ZIP is not a torch checkpoint
            """
        ) {
            try .torch(ZipWriter(entries: [.init(name: "word/document.xml", data: [1])]).file().bytes)
        },
        BadInput(
            "directory cut at a ZIP64 locator",
            """
            DIR/consolidated.00.pth: end of file: expected a ZIP64 directory record, found \
            none
            """
        ) {
            var writer = TorchBuilder(TinyModel().tensors(.meta))
            writer.zip.isZip64 = true
            let bytes = writer.bytes
            return try .torch(bytes.replacing(at: bytes.count - 34, with: UInt64.max))
        },
    ])
    func refuses(input: BadInput) throws { try input.check() }

    /// Cut at the beginning of every part, one byte before it and one after.
    @Test(arguments: [false, true]) func refusesEveryTruncation(isZip64: Bool) throws {
        var writer = TorchBuilder(TinyModel(nLayers: 1).tensors(.meta))
        writer.zip.isZip64 = isZip64
        let (bytes, boundaries) = writer.archive.file()
        let folder = try TemporaryFolder.meta(TinyModel(nLayers: 1))
        try folder.write("consolidated.00.pth", bytes)
        try #require(folder.message() == "no error")
        let cuts = Set(boundaries.flatMap { [$0 - 1, $0, $0 + 1] } + [1, 2, 3, bytes.count - 1])
        for cut in cuts.sorted() where cut > 3 && cut < bytes.count {
            try folder.write("consolidated.00.pth", Array(bytes[..<cut]))
            #expect(
                folder.message()
                    == "DIR/consolidated.00.pth: end of file: expected a ZIP directory, found none; the file is cut off: fetch it again",
                "cut at \(cut) of \(bytes.count)")
        }
    }
}
