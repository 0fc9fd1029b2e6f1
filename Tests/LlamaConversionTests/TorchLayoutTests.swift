@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// `.pth` files that are written here are read back here; `tools/check_interoperation.py` has torch read them.
struct TorchLayoutTests {
    private static let shapes: [[Int]] = [
        [], [1], [5], [2, 3], [0, 3], [3, 2, 2], [1, 2, 3, 4], [300, 250],
    ]

    private static func tensors(_ dtype: DType) -> [TestTensor] {
        shapes.enumerated().map { TestTensor("layers.\($0.offset).weight", dtype, $0.element) }
    }

    private func layout(
        _ tensors: [TestTensor], zip64Limit: Int = Int(UInt32.max)
    ) throws(CheckpointError) -> FileLayout {
        try TorchWriter.layout(tensors: tensors.map(\.spec), zip64Limit: zip64Limit)
    }

    /// At a limit of 0 all fields are ZIP64's, at 100 some entries' and from byte 5000 on only the offsets.
    @Test(arguments: [DType.float32, .float16, .bfloat16], [Int(UInt32.max), 5000, 100, 0])
    func readsBackEveryShape(dtype: DType, zip64Limit: Int) throws {
        let tensors = TorchLayoutTests.tensors(dtype)
        let bytes = try layout(tensors, zip64Limit: zip64Limit).assembled(tensors)
        let folder = try TemporaryFolder()
        try folder.write("consolidated.00.pth", bytes)
        let file = try TorchFile.open(folder.path + "/consolidated.00.pth")
        #expect(file.tensors.count == tensors.count)
        for tensor in tensors {
            let found = try #require(file.tensors[tensor.name])
            #expect(found.dtype == dtype && found.shape == tensor.shape && found.isContiguous)
            #expect(found.elementBytes == tensor.bytes)
        }
    }

    @Test func alignsEveryStorage() throws {
        for limit in [Int(UInt32.max), 5000, 100, 0] {
            let layout = try layout(TorchLayoutTests.tensors(.float16), zip64Limit: limit)
            #expect(layout.slots.allSatisfy { $0.offset.isMultiple(of: 64) })
            #expect(layout.slots.map(\.offset) == layout.slots.map(\.offset).sorted())
        }
    }

    /// A checkpoint of 300 tensors: the memo outgrows a byte.
    @Test func opensAsACheckpoint() throws {
        let model = TinyModel(nLayers: 33)
        let folder = try TemporaryFolder.meta(model)
        try folder.write(
            "consolidated.00.pth", try layout(model.tensors(.meta)).assembled(model.tensors(.meta)))
        try expect(try folder.open(), holds: model.tensors(.meta))
    }

    /// 20 GB of weights cost no memory to lay out, and sizes and offsets of more than 32 bits come back.
    @Test func laysOutFilesBeyondFourGigabytes() throws {
        let specs = ["a", "b", "c"].map { TensorSpec(name: $0, dtype: .float16, shape: [1 << 16, 50_000]) }
        let layout = try TorchWriter.layout(tensors: specs)
        #expect(layout.byteCount > 3 * 6_553_600_000)
        let folder = try TemporaryFolder()
        let path = folder.path + "/model.pth"
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: UInt64(layout.byteCount))
        for piece in layout.pieces + (try layout.completion?([1, 2, 3]) ?? []) {
            try file.seek(toOffset: UInt64(piece.offset))
            try file.write(contentsOf: piece.bytes)
        }
        try file.close()
        let tensors = try TorchFile.open(path).tensors
        #expect(specs.allSatisfy { tensors[$0.name]?.shape == $0.shape })
        #expect(layout.slots.map(\.offset) == specs.compactMap { tensors[$0.name]?.byteOffset })
    }

    /// Python's `zipfile` and torch check these.
    @Test func writesChecksumsBehindTheData() throws {
        let tensor = TestTensor("a", .float32, [4])
        let layout = try layout([tensor])
        let bytes = try layout.assembled([tensor])
        let end = layout.slots[0].offset + 16
        let expected =
            [0x50, 0x4B, 7, 8] + withUnsafeBytes(of: CRC32.checksum(of: tensor.bytes)) { Array($0) }
        #expect(Array(bytes[end..<end + 8]) == expected)
    }

    @Test(arguments: [
        (
            [TensorSpec(name: "a", dtype: .q8_0, shape: [32])],
            "consolidated.00.pth: a: dtype Q8_0 in a .pth is not supported; choose float32, float16 or bfloat16"
        ),
        (
            [TensorSpec(name: "a", dtype: .int64, shape: [1])],
            "consolidated.00.pth: a: dtype I64 in a .pth is not supported; choose float32, float16 or bfloat16"
        ),
        (
            [
                TensorSpec(name: "a", dtype: .float32, shape: [1]),
                TensorSpec(name: "a", dtype: .float32, shape: [2]),
            ],
            "consolidated.00.pth: a: expected each tensor once, found the same name again"
        ),
    ])
    func refuses(tensors: [TensorSpec], message: String) {
        let error = #expect(throws: CheckpointError.self) {
            try TorchWriter.layout(tensors: tensors)
        }
        #expect(error?.description == message)
    }
}
