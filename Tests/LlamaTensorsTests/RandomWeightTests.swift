import LlamaTestSupport
import Testing

@testable import LlamaTensors

@Suite struct RandomWeightTests {
    static let types = DType.allCases.filter(\.isWeightType)

    private func fill(_ dtype: DType, _ bytes: Int, seed: UInt64 = 1, deviation: Float = 0.02) -> [UInt8] {
        var memory = [UInt8](repeating: 0xA5, count: bytes)
        let count = memory.withUnsafeMutableBytes {
            dtype.fillRandom($0, deviation: deviation, seed: seed)
        }
        #expect(count == bytes / dtype.blockSize * dtype.blockCount)
        return memory
    }

    private func decode(_ bytes: [UInt8], _ dtype: DType) -> [Float] {
        var values = [Float](repeating: .nan, count: bytes.count / dtype.blockSize * dtype.blockCount)
        bytes.withUnsafeBytes { bytes in
            values.withUnsafeMutableBufferPointer { _ = dtype.decode(bytes, into: $0) }
        }
        return values
    }

    /// The standard error of a mean of so many weights is far below what is allowed here.
    @Test(arguments: types) func areFiniteAndAsLargeAsAsked(_ dtype: DType) {
        let values = decode(fill(dtype, 200 * 1024 / dtype.blockSize * dtype.blockSize), dtype)
        #expect(values.allSatisfy { $0.isFinite })
        let squares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        let deviation = (squares / Double(values.count)).squareRoot()
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
        #expect((0.016...0.026).contains(deviation), "\(deviation)")
        #expect(abs(mean) < 0.002, "\(mean)")
        #expect(Set(values).count > 100)
    }

    @Test(arguments: types) func dependOnTheSeedAlone(_ dtype: DType) {
        let size = 7 * dtype.blockSize
        #expect(fill(dtype, size) == fill(dtype, size))
        #expect(fill(dtype, size) != fill(dtype, size, seed: 2))
    }

    /// A rest that is no whole block stays as it is.
    @Test(arguments: types) func areWholeBlocks(_ dtype: DType) {
        let bytes = fill(dtype, 5 * dtype.blockSize + dtype.blockSize - 1)
        #expect(bytes[(5 * dtype.blockSize)...].allSatisfy { $0 == 0xA5 })
    }

    @Test func otherTypesHaveNone() {
        var memory = [UInt8](repeating: 3, count: 64)
        for dtype in DType.allCases where !dtype.isWeightType {
            #expect(memory.withUnsafeMutableBytes { dtype.fillRandom($0, deviation: 1, seed: 1) } == 0)
        }
        #expect(memory.allSatisfy { $0 == 3 })
    }
}
