@testable import LlamaCheckpointTestSupport
import FoundationEssentials
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints

/// A file that the `gguf` library of llama.cpp wrote (`tools/make_gguf_fixtures.py`).
@Suite struct GGUFFixtureTests {
    private let file: TensorFile
    private let metadata: GGUFMetadata

    init() throws {
        let path = try Fixtures.checkpoint("gguf-types/types.gguf").path
        file = try GGUFFile.open(path)
        metadata = try #require(file.gguf)
    }

    @Test func readsEveryTypeOfValue() throws {
        let expected: [(String, GGUFValue)] = [
            ("general.architecture", .text("llama")), ("general.alignment", .uint32(64)),
            ("test.uint8", .uint8(.max)), ("test.int8", .int8(.min)), ("test.uint16", .uint16(.max)),
            ("test.int16", .int16(.min)), ("test.uint32", .uint32(.max)), ("test.int32", .int32(.min)),
            ("test.float32", .float32(0.1)), ("test.bool", .bool(true)), ("test.string", .text("ไทย 🙂")),
            ("test.ints", .array(.int32([-1, 0, 7]))), ("test.floats", .array(.float32([0.5, -0.25]))),
            ("test.bools", .array(.bool([true, false]))),
            (
                "test.strings",
                .array(.string(GGUFStrings(["<s>", "é", String(repeating: "x", count: 300)])))
            ),
            ("test.bytes", .array(.uint8([0, 0x80, 0xFF]))), ("test.uint64", .uint64(.max)),
            ("test.int64", .int64(.min)), ("test.float64", .float64(0.1)),
        ]
        #expect(metadata.entries.map(\.key) == expected.map(\.0))
        for (key, value) in expected { #expect(metadata[key] == value, "\(key)") }
    }

    @Test(arguments: [DType.float32, .float16, .bfloat16]) func readsFloats(dtype: DType) throws {
        let tensor = try #require(file.tensors[dtype.rawValue.lowercased()])
        #expect(tensor.dtype == dtype && tensor.shape == [2, 32])
        #expect(tensor.floats() == (0..<64).map { Float($0 - 32) / 8 })
        #expect(tensor.byteOffset.isMultiple(of: 64))
    }

    /// Blocks of a half-precision scale and 32 signed bytes.
    @Test func readsQ8Blocks() throws {
        let tensor = try #require(file.tensors["q8_0"])
        #expect(tensor.dtype == .q8_0 && tensor.shape == [2, 32] && tensor.byteCount == 2 * 34)
        let bytes = tensor.elementBytes
        for (row, greatest) in [(0, 4), (1, 3.875)] as [(Int, Float)] {
            let block = bytes[row * 34..<row * 34 + 34]
            let bits = UInt16(block[row * 34]) | UInt16(block[row * 34 + 1]) << 8
            #expect(Float16(bitPattern: bits) == Float16(greatest / 127))
            let quants = block.dropFirst(2).map { Int8(bitPattern: $0) }
            let expected = (0..<32).map { Float(row * 32 + $0 - 32) / 8 * (127 / greatest) }
            #expect(quants == expected.map { Int8($0.rounded()) })
        }
    }

    @Test func readsIntegers() throws {
        let tensor = try #require(file.tensors["i32"])
        #expect(tensor.dtype == .int32 && tensor.shape == [3])
        #expect(tensor.elementBytes == [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0])
    }
}
