import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTensors

/// Against the fixtures of `tools/make_block_fixtures.py`, and cases worked out by hand from the C code.
@Suite struct BlockFormatTests {
    static let formats = DType.allCases.filter(\.isBlockFormat)

    private func bytes(_ file: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: Fixtures.folder.appending(path: "Blocks/\(file)")))
    }

    private func floats(_ file: String) throws -> [Float] { decode(try bytes(file), .float32) }

    private func decode(_ bytes: [UInt8], _ dtype: DType) -> [Float] {
        let count = bytes.count / dtype.blockSize * dtype.blockCount
        var values = [Float](repeating: 77, count: count)
        let written = bytes.withUnsafeBytes { bytes in
            values.withUnsafeMutableBufferPointer { dtype.decode(bytes, into: $0) }
        }
        #expect(written == count)
        return values
    }

    private func encode(_ values: [Float], _ dtype: DType) -> [UInt8] {
        var bytes = [UInt8](repeating: 77, count: values.count / dtype.blockCount * dtype.blockSize)
        let stored = values.withUnsafeBufferPointer { values in
            bytes.withUnsafeMutableBytes { dtype.encode(values, into: $0) }
        }
        #expect(stored == values.count)
        return bytes
    }

    /// The bits, all NaNs alike.
    private func bits(_ values: some Sequence<Float>) -> [UInt32] {
        values.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
    }

    @Test(arguments: formats)
    func decodesAsTheGGUFLibraryDoes(_ dtype: DType) throws {
        let stored = try bytes("\(dtype.rawValue).blocks")
        let expected = try floats("\(dtype.rawValue).floats")
        #expect(expected.count == stored.count / dtype.blockSize * dtype.blockCount && expected.count > 0)
        #expect(bits(decode(stored, dtype)) == bits(expected))
        let rows = stored.count / dtype.blockSize
        // As a tensor, and not aligned.
        let storage = try #require(
            OwnedBuffer(reserving: stored.count + 1) { $0.copyBytes(from: [9] + stored) })
        let tensor = try #require(
            Tensor(dtype: dtype, shape: [rows, dtype.blockCount], storage: storage, byteOffset: 1))
        #expect(bits(try #require(tensor.floats())) == bits(expected))
        #expect(bits(try #require(tensor.expanded()?.floats())) == bits(expected))
        #expect(tensor.expanded()?.shape == tensor.shape)
    }

    @Test(arguments: [DType.q8_0, .q5_0, .q4_0])
    func encodesAsTheGGUFLibraryDoes(_ dtype: DType) throws {
        #expect(try encode(floats("encoding.floats"), dtype) == bytes("\(dtype.rawValue).encoded"))
    }

    @Test(arguments: [DType.q4_K, .q6_K])
    func encodesAsLlamaCppDoes(_ dtype: DType) throws {
        let values = try floats("encodingK.floats")
        let expected = try bytes("\(dtype.rawValue).encoded")
        #expect(values.count / 256 == expected.count / dtype.blockSize && values.count > 30 * 256)
        let encoded = encode(values, dtype)
        for row in 0..<values.count / 256 {
            let range = row * dtype.blockSize..<(row + 1) * dtype.blockSize
            #expect(encoded[range] == expected[range], "row \(row)")
        }
    }

    /// Of normally distributed weights, the error is a fraction of their standard deviation, which shrinks with the bits.
    @Test(arguments: [
        (DType.q8_0, Float(0.008)), (.q6_K, 0.025), (.q5_0, 0.06), (.q4_K, 0.09), (.q4_0, 0.12),
    ])
    func encodesWithSmallErrors(_ dtype: DType, _ bound: Float) {
        var generator = SeededGenerator(state: 7)
        let values = (0..<16 * 256).map { _ in
            (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &generator) }
        }
        let errors = zip(decode(encode(values, dtype), dtype), values).map { $0 - $1 }
        let root = (errors.reduce(0) { $0 + $1 * $1 } / Float(errors.count)).squareRoot()
        #expect(root < bound && root > bound / 2, "\(root)")
    }

    private func block(_ first: [Float], rest: Float = 0) -> [Float] {
        first + Array(repeating: rest, count: 32 - first.count)
    }

    @Test func roundsTiesOfQ8_0AwayFromZero() {
        // d = 1
        let encoded = encode(block([127, 0.5, -0.5, 1.5, -2.5, 0.49999997, -126.5]), .q8_0)
        #expect(encoded[..<9] == [0x00, 0x3C, 127, 1, 0xFF, 2, 0xFD, 0, 0x81])
        #expect(encoded[9...].allSatisfy { $0 == 0 })
    }

    @Test func takesTheSignOfTheFirstGreatestForQ4_0() {
        // d = -1: 8 is q 0 and -8 would be q 16.
        var values = block([8, -8, 1, -1, 0.5, -0.5])
        values[16] = 7.5
        var expected: [UInt8] =
            [0x00, 0xBC, 0x00, 0x8F, 0x87, 0x89, 0x88, 0x89] + Array(repeating: 0x88, count: 10)
        expected[2] = 0x10
        #expect(encode(values, .q4_0) == expected)
        // d = 1
        #expect(encode(block([-8, 8]), .q4_0)[..<4] == [0x00, 0x3C, 0x80, 0x8F])
    }

    @Test func encodesZerosAsTheCCodeDoes() {
        #expect(encode(block([]), .q8_0) == Array(repeating: 0, count: 34))
        // 0 / -8 is -0, whatever the zeros' signs.
        let zeros: [UInt8] = [0x00, 0x80] + Array(repeating: 0x88, count: 16)
        #expect(encode(block([]), .q4_0) == zeros)
        #expect(encode(block([], rest: -0.0), .q4_0) == zeros)
    }

    @Test func trapsOnNoValue() {
        let extremes: [Float] = [
            .nan, -.nan, .signalingNaN, .infinity, -.infinity, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude,
            .leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-143, 0, -0.0, 1, 65504, 65520, 0x1p31,
            -0x1p31,
            1e10,
        ]
        for dtype in DType.allCases where dtype.isEncodable {
            for first in extremes {
                for second in extremes {
                    let count = max(dtype.blockCount, 2)
                    var values = Array(repeating: first, count: count)
                    for i in stride(from: 1, to: count, by: 2) { values[i] = second }
                    #expect(decode(encode(values, dtype), dtype).count == count)
                }
            }
        }
        // An infinity makes the scale infinite and every quant 0.
        let infinite = encode(block([1, -.infinity, 2]), .q8_0)
        #expect(infinite == [0x00, 0x7C] + Array(repeating: 0, count: 32))
        // A NaN that is not last hides what comes before it: d is that of the 127s after it.
        let hidden = encode([1e30, .nan] + Array(repeating: 127, count: 30), .q8_0)
        #expect(hidden[..<5] == [0x00, 0x3C, 0, 0, 127])
        let scale = encode([1] + Array(repeating: 2, count: 30) + [.nan], .q8_0)
        #expect(float(fromHalf: UInt16(scale[0]) | UInt16(scale[1]) << 8).isNaN)
        // The scale overflows, the quants do not.
        let large = encode(block([1e7], rest: -1e7), .q8_0)
        #expect(large[..<4] == [0x00, 0x7C, 127, 0x81])
    }

    @Test func halvesAndBackAreTheSameBits() {
        for dtype in [DType.float16, .bfloat16] {
            let all = (0...UInt16.max).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
            let values = decode(all, dtype)
            #expect(encode(values, dtype) == all)
            guard dtype == .float16 else { continue }
            for (half, value) in zip(0...UInt16.max, values) {
                #expect(bits([Float(Float16(bitPattern: half))]) == bits([value]))
            }
        }
    }

    @Test func roundsToTheNearestEven() {
        var generator = SeededGenerator(state: 5)
        // Halfway between neighbors and next to it, over the whole range.
        for exponent in UInt32(0)...254 {
            for _ in 0..<20 {
                let fraction = UInt32.random(in: 0..<1 << 10, using: &generator) << 13
                for low: UInt32 in [0, 1, 0xFFF, 0x1000, 0x1001, 0x1FFF] {
                    let value = Float(bitPattern: exponent << 23 | fraction | low)
                    #expect(half(rounding: value) == Float16(value).bitPattern)
                    #expect(half(rounding: -value) == Float16(-value).bitPattern)
                }
            }
        }
        let table: [(UInt32, UInt16)] = [
            (0x3F80_8000, 0x3F80), (0x3F81_8000, 0x3F82), (0x3F80_8001, 0x3F81), (0x7F7F_FFFF, 0x7F80),
            (0x7F80_0001, 0x7FC0), (0xFF80_0000, 0xFF80), (0x0000_8000, 0x0000), (0x0001_8000, 0x0002),
        ]
        for (from, to) in table { #expect(bfloat16(rounding: Float(bitPattern: from)) == to) }
        #expect(half(rounding: Float(bitPattern: 0x7F80_0001)) == 0x7E00)
    }

    @Test func takesWholeBlocksThatBothBuffersHold() {
        let blocks = [UInt8](repeating: 1, count: 3 * 34 - 1)
        var values = [Float](repeating: 7, count: 70)
        let decoded = blocks.withUnsafeBytes { blocks in
            values.withUnsafeMutableBufferPointer { DType.q8_0.decode(blocks, into: $0) }
        }
        #expect(decoded == 64 && values[63] != 7 && values[64] == 7)
        var stored = [UInt8](repeating: 9, count: 40)
        let encoded = values.withUnsafeBufferPointer { values in
            stored.withUnsafeMutableBytes { DType.q8_0.encode(values, into: $0) }
        }
        #expect(encoded == 32 && stored[34...].allSatisfy { $0 == 9 })
        let none = blocks.withUnsafeBytes { blocks in
            values.withUnsafeMutableBufferPointer { DType.int8.decode(blocks, into: $0) }
        }
        #expect(none == 0)
    }
}
