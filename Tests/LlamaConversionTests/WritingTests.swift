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
