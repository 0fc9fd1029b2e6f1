@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
@testable import LlamaFiles
import Foundation
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// Files appear whole or not at all, and hold what they were given.
struct WritingTests {
    @Test func leavesTheOldFileUntilTheNewOneIsWhole() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        try AtomicFile.write("old", to: path)
        do {
            let file = try AtomicFile(path: path)
            try file.write(Array("new".utf8))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
            // Given up without a commit.
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        try AtomicFile.write("new", to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
    }

    @Test func saysWhichFileCannotBeWritten() throws {
        let error = #expect(throws: AtomicFile.Failure.self) { try AtomicFile.write("", to: "/nowhere/file") }
        #expect(error?.description == "/nowhere/file: cannot be written: No such file or directory")
    }

    /// Whoever may write into the folder could name any file by a link.
    @Test(arguments: [true, false])
    func writesThroughNoLinkAtTheTemporaryName(isSymbolic: Bool) throws {
        let folder = try TemporaryFolder()
        let (path, other) = (folder.path + "/file", folder.path + "/other")
        try Data("precious".utf8).write(to: URL(filePath: other))
        if isSymbolic {
            try FileManager.default.createSymbolicLink(atPath: path + ".tmp", withDestinationPath: other)
        } else {
            try FileManager.default.linkItem(atPath: other, toPath: path + ".tmp")
        }
        try AtomicFile.write("new", to: path)
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "precious")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["file", "other"])
    }

    /// It neither waits for the reader of a pipe, nor removes it.
    @Test(.timeLimit(.minutes(1))) func refusesAPipeAtTheTemporaryName() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        try #require(mkfifo(path + ".tmp", 0o600) == 0)
        let error = #expect(throws: AtomicFile.Failure.self) { try AtomicFile.write("", to: path) }
        #expect(error?.description == "\(path).tmp: cannot be written: File exists")
        #expect(FilePath(path + ".tmp").exists)
    }

    /// The files of a conversion, and its journal, in a folder that an abandoned one has left.
    @Test(arguments: ["model.safetensors", "config.json", ConversionJournal.name], [true, false])
    func aConversionWritesThroughNoLink(name: String, isDangling: Bool) throws {
        let source = try TemporaryFolder.metaShards(1, TinyModel())
        let folder = try TemporaryFolder()
        let (out, other) = (folder.path + "/out", folder.path + "/other")
        let unfinished = out + ".converting"
        try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: false)
        try Data().write(to: URL(filePath: unfinished + "/" + ConversionJournal.name))
        if !isDangling { try Data("precious".utf8).write(to: URL(filePath: other)) }
        try? FileManager.default.removeItem(atPath: unfinished + "/" + name)
        try FileManager.default.createSymbolicLink(
            atPath: unfinished + "/" + name, withDestinationPath: other)
        let plan = try ConversionPlan(source.open(), ConversionOptions(format: .huggingFace))
        let converter = Converter(plan, to: out)
        if name == ConversionJournal.name {
            // A lock on it would be a lock on another file.
            #expect(throws: ConversionError.self) { try converter.run() }
        } else {
            _ = try converter.run()
        }
        #expect(FilePath(other).isTaken == !isDangling)
        if !isDangling { #expect(try String(contentsOfFile: other, encoding: .utf8) == "precious") }
    }

    @Test(arguments: [DType.float32, .float16, .bfloat16])
    func safetensorsHoldTheValuesInTheirType(dtype: DType) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/model.safetensors"
        // Exact in every type.
        let values: [Float] = [0, -0.0, 1, -2.5, 0.15625, 96]
        try SafetensorsWriter.write(
            [
                .init(name: "a", shape: [2, 3], dtype: dtype, values: { values }),
                .init(name: "b \"quoted\"", shape: [6], dtype: .float32, values: { values }),
            ], metadata: [("key", "value")], to: path)
        let file = try SafetensorsFile.open(path)
        #expect(file.metadata == ["key": "value"])
        #expect(file.tensors["a"]?.dtype == dtype)
        #expect(file.tensors["a"]?.shape == [2, 3])
        #expect(file.tensors["a"]?.floats() == values)
        #expect(file.tensors["b \"quoted\""]?.floats() == values)
    }

    static let roundings: [(Float, UInt16)] = [
        (Float(bitPattern: 0x3F80_8000), 0x3F80), (Float(bitPattern: 0x3F81_8000), 0x3F82),
        (Float(bitPattern: 0x3F80_8001), 0x3F81), (.infinity, 0x7F80), (.greatestFiniteMagnitude, 0x7F80),
        (-.leastNonzeroMagnitude, 0x8000),
    ]

    @Test(arguments: roundings)
    func bfloat16RoundsToNearestTiesToEven(value: Float, bits: UInt16) {
        #expect(bfloat16(value) == bits)
    }

    @Test func bfloat16KeepsNaN() {
        for value in [Float.signalingNaN, Float(nan: 1, signaling: false), Float(bitPattern: 0x7F80_0001)] {
            #expect(Float(bitPattern: UInt32(bfloat16(value)) << 16).isNaN)
        }
    }

    /// As a file stores it.
    private func bfloat16(_ value: Float) -> UInt16 {
        var bits: UInt16 = 0
        withUnsafeMutableBytes(of: &bits) { bytes in
            _ = [value].withUnsafeBufferPointer { DType.bfloat16.encode($0, into: bytes) }
        }
        return UInt16(littleEndian: bits)
    }
}
