import Testing

@testable import LlamaTensors

@Suite struct TensorTests {
    private func buffer(_ values: [Float]) throws -> OwnedBuffer {
        let buffer = OwnedBuffer(reserving: values.count * 4) { target in
            values.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        return try #require(buffer)
    }

    @Test func viewsStridedMemory() throws {
        let storage = try buffer([0, 1, 2, 3, 4, 5])
        let transposed = try #require(
            Tensor(dtype: .float32, shape: [3, 2], strides: [1, 3], storage: storage, byteOffset: 0))
        #expect(!transposed.isContiguous && !transposed.hasDenseRows)
        #expect(transposed.floats() == [0, 3, 1, 4, 2, 5])
        #expect(transposed.contiguous().isContiguous)
        let column = try #require(
            Tensor(dtype: .float32, shape: [2, 1], strides: [3, 7], storage: storage, byteOffset: 8))
        #expect(column.hasDenseRows && column.floats() == [2, 5])
        let repeated = try #require(
            Tensor(dtype: .float32, shape: [2, 3], strides: [0, 1], storage: storage, byteOffset: 12))
        #expect(repeated.floats() == [3, 4, 5, 3, 4, 5])
    }

    @Test func keepsAContiguousViewWhereItIs() throws {
        let storage = try buffer([0, 1, 2, 3])
        let tensor = try #require(
            Tensor(dtype: .float32, shape: [1, 2], strides: [9, 1], storage: storage, byteOffset: 8))
        #expect(tensor.isContiguous)
        #expect(tensor.contiguous().baseAddress == storage.bytes.baseAddress.map { $0 + 8 })
    }

    @Test(
        arguments: [
            ([-1], [1], 0), ([2, -1], [1, 1], 0), ([7], [1], 0), ([6], [1], 4), ([2], [-1], 4),
            ([1], [1], -4), ([3, 3], [3, 1], 0),
            ([1 << 62, 4], [0, 0], 0), ([1 << 62], [0], 0), ([.max], [.max], 0), ([2], [.max], 0),
            ([3, 2], [.max / 2, 2], 0),
            ([0, 1 << 62, 4], [0, 0, 0], 0), ([2, 2], [1], 0), ([1], [1], .max), ([0], [1], 25),
            ([.min], [1], 0),
        ] as [([Int], [Int], Int)])
    func refusesViewsOutsideTheMemory(shape: [Int], strides: [Int], offset: Int) throws {
        let storage = try buffer([0, 1, 2, 3, 4, 5])
        #expect(
            Tensor(dtype: .float32, shape: shape, strides: strides, storage: storage, byteOffset: offset)
                == nil)
    }

    @Test func allowsEmptyAndScalarViews() throws {
        let storage = try buffer([7])
        let empty = try #require(Tensor(dtype: .float32, shape: [0, 5], storage: storage, byteOffset: 4))
        #expect(empty.count == 0 && empty.floats() == [])
        let scalar = try #require(Tensor(dtype: .float32, shape: [], storage: storage, byteOffset: 0))
        #expect(scalar.count == 1 && scalar.floats() == [7])
    }

    @Test func comparesBytesNotLayouts() throws {
        let storage = try buffer([1, 2, 1, 9, 2])
        let left = try #require(Tensor(dtype: .float32, shape: [2], storage: storage, byteOffset: 0))
        let right = try #require(
            Tensor(dtype: .float32, shape: [2], strides: [2], storage: storage, byteOffset: 8))
        #expect(left.hasSameBytes(as: right))
        let other = try #require(Tensor(dtype: .float32, shape: [2], storage: storage, byteOffset: 4))
        #expect(!left.hasSameBytes(as: other))
        let integers = try #require(Tensor(dtype: .int32, shape: [2], storage: storage, byteOffset: 0))
        #expect(!left.hasSameBytes(as: integers))
    }

    @Test(arguments: [
        (DType.float16, [0x00, 0x3C] as [UInt8]), (.bfloat16, [0x80, 0x3F]), (.float32, [0, 0, 0x80, 0x3F]),
    ])
    func expandsWeightTypes(dtype: DType, one: [UInt8]) throws {
        let storage = try #require(OwnedBuffer(reserving: one.count + 1) { $0.copyBytes(from: [0xFF] + one) })
        let tensor = try #require(Tensor(dtype: dtype, shape: [1], storage: storage, byteOffset: 1))
        #expect(tensor.floats() == [1])
    }

    @Test func expandsNoOtherType() throws {
        let storage = try buffer([0, 0])
        for dtype in DType.allCases where !dtype.isWeightType {
            #expect(Tensor(dtype: dtype, shape: [1], storage: storage, byteOffset: 0)?.floats() == nil)
        }
    }
}
