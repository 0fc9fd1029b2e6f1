// Random weights, for measurements that depend on their size and type alone.

extension DType {
    /// A binary16 number of a block that scales what is stored in the other bits.
    private struct Scale {
        /// Where it is, in bytes from the start of the block.
        let offset: Int
        /// Root of the mean square of what it multiplies, where all other bits are random.
        let factor: Float
    }

    /// Source: the layouts in SimpleBlocks.swift and SuperBlocks.swift. A quant of n bits less its offset has a root mean
    /// square of about 2^n / sqrt(12), and without an offset of 2^n / sqrt(3).
    private var scales: [Scale] {
        switch self {
        case .q4_0: [Scale(offset: 0, factor: 4.6)]
        case .q4_1: [Scale(offset: 0, factor: 8.8), Scale(offset: 2, factor: 1)]
        case .q5_0: [Scale(offset: 0, factor: 9.2)]
        case .q5_1: [Scale(offset: 0, factor: 18), Scale(offset: 2, factor: 1)]
        case .q8_0: [Scale(offset: 0, factor: 74)]
        case .q2_K: [Scale(offset: 80, factor: 8.8 * 1.9), Scale(offset: 82, factor: 8.8)]
        case .q3_K: [Scale(offset: 108, factor: 18.5 * 2.3)]
        case .q4_K: [Scale(offset: 0, factor: 36.7 * 8.8), Scale(offset: 2, factor: 36.7)]
        case .q5_K: [Scale(offset: 0, factor: 36.7 * 18), Scale(offset: 2, factor: 36.7)]
        case .q6_K: [Scale(offset: 208, factor: 74 * 18.5)]
        default: []
        }
    }

    /// Offsets of a block's binary16 scales, in bytes; empty for types without blocks.
    package var scaleOffsets: [Int] { scales.map(\.offset) }

    /// Fills memory with random weights: whole blocks from its start.
    ///
    /// Floats are uniform with mean 0. Block formats get random bits for their quants and small scales, and finite
    /// scales that make the weights as large as asked for on average; a quantizer would choose other blocks, but the
    /// kernels take the same time for these.
    ///
    /// - Parameters:
    ///   - deviation: Standard deviation of the weights.
    ///   - seed: The bytes depend on it, on the type and on the deviation alone.
    /// - Returns: How many weights were written; 0 for a type that weights do not use.
    @discardableResult
    package func fillRandom(
        _ memory: UnsafeMutableRawBufferPointer, deviation: Float, seed: UInt64
    ) -> Int {
        let count = memory.count / blockSize
        guard isWeightType, count > 0, let base = memory.baseAddress else { return 0 }
        var numbers = SplitMix64(seed: seed)
        // Of uniform numbers in -limit ..< limit.
        let limit = deviation * Float(3).squareRoot()
        switch self {
        case .float32:
            for index in 0..<count {
                let value = Float(Int32(truncatingIfNeeded: numbers.next() >> 32)) * (limit * 0x1p-31)
                base.storeBytes(of: value, toByteOffset: index &* 4, as: Float.self)
            }
        case .float16: fillHalves(base, count, limit, &numbers, half(rounding:))
        case .bfloat16: fillHalves(base, count, limit, &numbers, bfloat16(rounding:))
        default: fillBlocks(base, count, deviation, &numbers)
        }
        return count * blockCount
    }

    /// Four numbers from 64 bits at a time.
    @inline(__always)
    private func fillHalves(
        _ base: UnsafeMutableRawPointer, _ count: Int, _ limit: Float, _ numbers: inout SplitMix64,
        _ encode: (Float) -> UInt16
    ) {
        for start in stride(from: 0, to: count, by: 4) {
            var bits = numbers.next()
            for index in start..<min(start + 4, count) {
                let value = Float(Int16(truncatingIfNeeded: bits)) * (limit * 0x1p-15)
                storeHalf(encode(value), base + index &* 2)
                bits >>= 16
            }
        }
    }

    private func fillBlocks(
        _ base: UnsafeMutableRawPointer, _ count: Int, _ deviation: Float, _ numbers: inout SplitMix64
    ) {
        let byteCount = count * blockSize
        for offset in stride(from: 0, to: byteCount, by: 8) {
            let bits = numbers.next()
            if offset + 8 <= byteCount {
                base.storeBytes(of: bits.littleEndian, toByteOffset: offset, as: UInt64.self)
            } else {
                withUnsafeBytes(of: bits.littleEndian) { bytes in
                    (base + offset).copyMemory(
                        from: bytes.baseAddress ?? UnsafeRawPointer(base), byteCount: byteCount - offset)
                }
            }
        }
        let scales = scales
        for block in 0..<count {
            let address = base + block &* blockSize
            for scale in scales {
                // Of either sign, and between 1/2 and 3/2 of what the deviation needs.
                let bits = numbers.next()
                let magnitude = 0.5 + Float(UInt32(truncatingIfNeeded: bits >> 40)) * 0x1p-24
                let size = magnitude * deviation / scale.factor / Float(scales.count).squareRoot()
                storeHalf(half(rounding: bits & 1 == 0 ? size : -size), address + scale.offset)
            }
        }
    }
}
