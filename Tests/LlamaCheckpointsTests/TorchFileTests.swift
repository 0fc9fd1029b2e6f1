@testable import LlamaCheckpointTestSupport
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

@Suite struct TorchFileTests {
    private func tensors(_ writer: TorchBuilder) throws -> [String: Tensor] {
        let folder = try TemporaryFolder()
        try folder.write("consolidated.00.pth", writer.bytes)
        return try TorchFile.open(folder.path + "/consolidated.00.pth").tensors
    }

    /// A storage of the floats 0, 1, …, 11.
    private func counting(_ views: [TorchView]) -> TorchBuilder {
        var out = ByteWriter()
        for value in 0..<12 { out.write(Float(value).bitPattern) }
        var writer = TorchBuilder()
        writer.views = views
        writer.storages = [("0", out.bytes)]
        return writer
    }

    @Test func readsViewsThatShareAStorage() throws {
        let tensors = try tensors(
            counting([
                TorchView(name: "all", storageCount: 12, shape: [3, 4], strides: [4, 1]),
                TorchView(name: "transposed", storageCount: 12, shape: [4, 3], strides: [1, 4]),
                TorchView(name: "columns", storageCount: 12, offset: 1, shape: [3, 2], strides: [4, 1]),
                TorchView(name: "last", storageCount: 12, offset: 11, shape: [], strides: []),
                TorchView(name: "empty", storageCount: 12, offset: 12, shape: [0, 4], strides: [4, 1]),
            ]))
        #expect(tensors["all"]?.floats() == (0..<12).map(Float.init))
        #expect(tensors["transposed"]?.floats() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
        #expect(tensors["transposed"]?.hasDenseRows == false)
        #expect(tensors["columns"]?.floats() == [1, 2, 5, 6, 9, 10])
        #expect(tensors["columns"]?.hasDenseRows == true)
        #expect(tensors["last"]?.floats() == [11])
        #expect(tensors["empty"]?.floats() == [])
    }

    /// A transposed weight is copied into rows; one whose rows are dense stays in the map.
    @Test func opensACheckpointOfViews() throws {
        let model = TinyModel()
        var writer = TorchBuilder(model.tensors(.meta))
        for index in writer.views.indices where writer.views[index].shape.count == 2 {
            let shape = writer.views[index].shape
            writer.views[index].strides = [1, shape[0]]
        }
        let folder = try TemporaryFolder.meta(model)
        try folder.write("consolidated.00.pth", writer.bytes)
        let weight = try folder.open().weight(.layer(0, .w1))
        let stored = try #require(TestTensor("layers.0.feed_forward.w1.weight", .float32, [8, 24]).floats)
        let transposed = (0..<24).flatMap { row in (0..<8).map { stored[$0 * 24 + row] } }
        #expect(weight.parts[0].hasDenseRows)
        #expect(weight.parts[0].floats() == transposed)
    }

    @Test(arguments: [
        DType.float32, .float16, .bfloat16, .float64, .int64, .int32, .int16, .int8, .uint8, .bool,
    ])
    func readsEveryStorageType(dtype: DType) throws {
        let tensor = TestTensor("x", dtype, [2, 3])
        let read = try #require(try tensors(TorchBuilder([tensor]))["x"])
        #expect(read.dtype == dtype && read.elementBytes == tensor.bytes)
    }

    @Test func readsZip64AndComments() throws {
        let model = TinyModel()
        let folder = try TemporaryFolder.meta(model)
        for (isZip64, comment) in [(true, 0), (false, 65535), (true, 17)] {
            var writer = TorchBuilder(model.tensors(.meta))
            writer.zip.isZip64 = isZip64
            writer.zip.comment = [UInt8](repeating: 0x20, count: comment)
            writer.byteOrder = nil
            try folder.write("consolidated.00.pth", writer.bytes)
            try expect(try folder.open(), holds: model.tensors(.meta))
        }
    }

    /// Parameters, plain dicts, memo, protocol 4 spellings: each as some torch or Python writes it.
    @Test func readsOtherSpellings() throws {
        let view = TorchView(name: "x", storageCount: 4, shape: [4], strides: [1])
        var pickle = PickleWriter()
        pickle.out.bytes = [0x80, 4, 0x95] + [UInt8](repeating: 0, count: 8)
        pickle.out.write("}")
        pickle.out.write([0x94, 0x8C, 1])
        pickle.out.write("x")
        pickle.global("torch._utils", "_rebuild_parameter")
        pickle.op("(")
        pickle.tensor(view)
        pickle.out.write([0x94, 0x71, 9, 0x88])
        pickle.orderedDictionary()
        pickle.out.write("tRs")
        pickle.string("same")
        pickle.out.write([0x68, 9])
        pickle.out.write("s")
        let tensors = try tensors(TorchBuilder(pickle: pickle.stop()))
        #expect(tensors["x"]?.shape == [4] && tensors["same"]?.shape == [4])
    }
}

extension TestTensor {
    /// The values of a float32 tensor.
    fileprivate var floats: [Float]? {
        guard dtype == .float32 else { return nil }
        return stride(from: 0, to: bytes.count, by: 4).map { offset in
            Float(bitPattern: bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
    }
}
