@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// What is written is read back unchanged.
@Suite struct GGUFWriterTests {
    static let values: [(String, GGUFValue)] = [
        ("uint8", .uint8(.max)), ("int8", .int8(.min)), ("uint16", .uint16(.max)), ("int16", .int16(.min)),
        ("uint32", .uint32(.max)), ("int32", .int32(.min)), ("float32", .float32(0.1)), ("bool", .bool(true)),
        ("string", .text("ไทย 🙂")), ("bytes", .string([0xFF, 0, 0x80])), ("uint64", .uint64(.max)),
        ("int64", .int64(.min)), ("float64", .float64(0.1)), ("uint8s", .array(.uint8([1, 255]))),
        ("int8s", .array(.int8([-1, 1]))), ("uint16s", .array(.uint16([1, .max]))),
        ("int16s", .array(.int16([-1, 1]))), ("uint32s", .array(.uint32([1, .max]))),
        ("int32s", .array(.int32([-1, 1]))), ("float32s", .array(.float32([-0.0, .infinity]))),
        ("bools", .array(.bool([true, false]))), ("strings", .array(.string(GGUFStrings(["", "a", "é"])))),
        ("arrays", .array(.array([.uint8([]), .string(GGUFStrings(["x"])), .array([.bool([true])])]))),
        ("uint64s", .array(.uint64([.max]))), ("int64s", .array(.int64([.min]))),
        ("float64s", .array(.float64([.pi]))), ("none", .array(.float32([]))),
    ]

    private func write(
        _ metadata: [(String, GGUFValue)], _ tensors: [TestTensor], alignment: Int = 32
    ) throws -> TemporaryFolder {
        let layout = try GGUFWriter.layout(
            metadata: metadata.map { ($0.0, $0.1) },
            tensors: tensors.map { TensorSpec(name: $0.name, dtype: $0.dtype, shape: $0.shape) },
            alignment: alignment)
        var bytes = [UInt8](repeating: 0, count: layout.byteCount)
        for piece in layout.pieces {
            bytes.replaceSubrange(piece.offset..<piece.offset + piece.bytes.count, with: piece.bytes)
        }
        for (slot, tensor) in zip(layout.slots, tensors) {
            #expect(slot.offset.isMultiple(of: alignment) && slot.tensor.byteCount == tensor.bytes.count)
            bytes.replaceSubrange(slot.offset..<slot.offset + tensor.bytes.count, with: tensor.bytes)
        }
        return try .gguf(bytes)
    }

    @Test(arguments: [1, 32, 4096]) func roundTripsEveryTypeOfValue(alignment: Int) throws {
        let tensors = [
            TestTensor("a", .float32, [3, 5]), TestTensor("b", .bfloat16, [7]), TestTensor("c", .int8, []),
        ]
        let folder = try write(GGUFWriterTests.values, tensors, alignment: alignment)
        let file = try GGUFFile.open(folder.path + "/model.gguf")
        let metadata = try #require(file.gguf)
        let extra = alignment == 32 ? [] : [("general.alignment", GGUFValue.uint32(UInt32(alignment)))]
        let expected = GGUFWriterTests.values + extra
        #expect(metadata.entries.map(\.key) == expected.map(\.0))
        for (key, value) in expected { #expect(metadata[key] == value, "\(key)") }
        #expect(file.tensors.count == 3)
        for tensor in tensors {
            #expect(file.tensors[tensor.name]?.dtype == tensor.dtype)
            #expect(file.tensors[tensor.name]?.shape == tensor.shape)
            #expect(file.tensors[tensor.name]?.elementBytes == tensor.bytes)
        }
    }

    @Test func readsLongArraysOfStrings() throws {
        let tokens = GGUFStrings((0..<5000).map { "token \($0)" })
        let folder = try write([("tokens", .array(.string(tokens)))], [])
        #expect(try GGUFFile.open(folder.path + "/model.gguf").gguf?.strings("tokens") == tokens)
    }

    @Test func givesTypedAccess() throws {
        let metadata = GGUFMetadata(file: "m.gguf", entries: GGUFWriterTests.values.map { ($0.0, $0.1) })
        for key in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"] {
            #expect(try metadata.int(key) != nil, "\(key)")
        }
        for key in ["uint8s", "int8s", "uint16s", "int16s", "uint32s", "int32s", "int64s"] {
            #expect(try metadata.ints(key)?.isEmpty == false, "\(key)")
        }
        #expect(try metadata.double("float64") == 0.1 && metadata.float("float32") == 0.1)
        #expect(try metadata.floats("float64s") == [Float(Double.pi)] && metadata.floats("none") == [])
        #expect(try metadata.bool("bool") == true)
        #expect(try metadata.strings("strings")?.map(Array.init) == [[], [97], Array("é".utf8)])
        #expect(try metadata.bytes("bytes") == [0xFF, 0, 0x80])
        #expect(try metadata.string("absent") == nil && metadata.ints("absent") == nil)
        let errors: [(String, () throws -> Void)] = [
            (
                "m.gguf: uint64: expected at most 9223372036854775807, found 18446744073709551615",
                {
                    _ = try metadata.int("uint64")
                }
            ),
            ("m.gguf: bytes: expected UTF-8, found �\\0�", { _ = try metadata.string("bytes") }),
            ("m.gguf: float32: expected a whole number, found 0.1", { _ = try metadata.int("float32") }),
            ("m.gguf: string: expected a number, found \"ไทย 🙂\"", { _ = try metadata.double("string") }),
            ("m.gguf: int8: expected true or false, found -128", { _ = try metadata.bool("int8") }),
            ("m.gguf: bool: expected a string, found true", { _ = try metadata.string("bool") }),
            (
                "m.gguf: bools: expected an array of strings, found an array of 2 bool",
                {
                    _ = try metadata.strings("bools")
                }
            ),
        ]
        for (message, access) in errors {
            let error = #expect(throws: CheckpointError.self) { try access() }
            #expect(error?.description == message)
        }
    }

    static let scalings: [RoPEConfiguration.Scaling] = [
        .none, .linear(factor: 0.1),
        .llama3(factor: 8.1, lowFrequencyFactor: 1.1, highFrequencyFactor: 4.1, originalLength: 4096),
        .factors([1, 2.5]),
    ]

    @Test(arguments: 0..<4, [true, false])
    func roundTripsConfigurations(scaling: Int, isTied: Bool) throws {
        let model = TinyModel(isTied: isTied, hasAttentionBias: isTied, hasFeedForwardBias: !isTied)
        let plain = model.configuration
        let configuration = ModelConfiguration(
            dim: plain.dim, nLayers: plain.nLayers, nHeads: plain.nHeads, nKVHeads: plain.nKVHeads,
            headDim: plain.headDim, hiddenDim: plain.hiddenDim, vocabularySize: plain.vocabularySize,
            normEpsilon: 1e-6,
            rope: RoPEConfiguration(theta: 10000.1, scaling: GGUFWriterTests.scalings[scaling]),
            ropeLayout: .interleaved, tiesEmbeddings: isTied, hasAttentionBias: isTied,
            hasFeedForwardBias: !isTied, contextLength: isTied ? nil : 77, stopTokens: isTied ? [3, 9] : [])
        var tensors = model.tensors(.gguf)
        if let factors = GGUFWriter.ropeFactors(for: configuration) {
            var tensor = TestTensor(factors.tensor.name, factors.tensor.dtype, factors.tensor.shape)
            tensor.bytes = factors.values.withUnsafeBytes(Array.init)
            tensors.append(tensor)
        }
        let metadata = GGUFWriter.metadata(for: configuration, name: "tiny", dtype: .float32)
        let checkpoint = try write(metadata.map { ($0.key, $0.value) }, tensors).open()
        #expect(checkpoint.configuration == configuration)
        try expect(checkpoint, holds: model.tensors(.gguf))
    }

    @Test(
        arguments: [
            (
                "t: expected each tensor once, found the same name again",
                [("t", .float32, [1]), ("t", .float32, [1])]
            ),
            ("t: dtype U8 in GGUF is not supported", [("t", .uint8, [1])]),
            ("t: expected rows of whole blocks of 32, found [2, 16]", [("t", .q8_0, [2, 16])]),
            (
                "t: expected a name of 63 bytes and 4 dimensions at most, found 1 and 5",
                [("t", .int8, [1, 1, 1, 1, 1])]
            ),
        ] as [(String, [(String, DType, [Int])])])
    func refusesWhatNoReaderTakes(message: String, tensors: [(String, DType, [Int])]) {
        let error = #expect(throws: CheckpointError.self) {
            try GGUFWriter.layout(
                metadata: [], tensors: tensors.map { TensorSpec(name: $0.0, dtype: $0.1, shape: $0.2) })
        }
        #expect(error?.description == "GGUF file: \(message)")
    }
}
