/// Quantization to Q6_K, byte for byte as `quantize_row_q6_K_ref` and `make_qx_quants` in llama.cpp's `ggml-quants.c`
/// do without fused multiply-adds.
///
/// Of each run of 16, the scale is that of 19 candidates whose squared error, weighted by the squared values, is least;
/// then scales are rounded to 8 bits, in units of the block's greatest, and the values to 6 bits of what was stored.
/// Values that are not finite give some block; nothing traps.
struct Q6KEncoder {
    /// The values of a block: element `i` of runs 0 to 7, then of runs 8 to 15. `[2, 16]`
    private let values: UnsafeMutablePointer<RunFloats>
    /// The quants that are stored, as ``RunFloats/nearest(_:_:)`` gives them. `[2, 16]`
    private let quants: UnsafeMutablePointer<RunFloats>
    /// The squares and cubes of the values of eight runs. `[16, 2]`
    private let powers: UnsafeMutablePointer<RunFloats>

    private static let runLength = 16
    /// Below this, magnitudes and scales count as 0: `GROUP_MAX_EPS`.
    private static let epsilon: Float = 1e-15

    /// Gives `body` an encoder, whose memory is valid during the call; one allocation for any number of blocks.
    @inline(__always)
    static func withScratch(_ body: (Q6KEncoder) -> Void) {
        withUnsafeTemporaryAllocation(of: RunFloats.self, capacity: 6 * runLength) { scratch in
            guard let base = scratch.baseAddress else { return }
            base.initialize(repeating: RunFloats(), count: scratch.count)
            body(
                Q6KEncoder(
                    values: base, quants: base + 2 * Self.runLength, powers: base + 4 * Self.runLength))
        }
    }

    /// Scales of eight runs, and how their quants were found.
    private struct Fit {
        var scale = RunFloats()
        /// Quants were `x * inverse`.
        var inverse = RunFloats()
        /// Where all values are 0, or as good as.
        var isZero = SIMDMask<SIMD8<Int32>>()
    }

    /// Encodes 256 values as 210 bytes; see ``decodeQ6_K(_:_:)`` for their layout.
    @inline(__always)
    func encode(_ source: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) {
        for half in 0..<2 {
            for i in 0..<Self.runLength {
                let at = source + (half &* 128 &+ i)
                values[half &* Self.runLength &+ i] = RunFloats(
                    at[0], at[16], at[32], at[48], at[64], at[80], at[96], at[112])
            }
        }
        let (first, second) = (fit(values), fit(values + Self.runLength))
        guard let (low, high) = storeScales(first.scale, second.scale, block) else {
            UnsafeMutableRawBufferPointer(start: block, count: DType.q6_K.blockSize)
                .initializeMemory(as: UInt8.self, repeating: 0)
            return
        }
        quantize(values, first, low, quants)
        quantize(values + Self.runLength, second, high, quants + Self.runLength)
        storeQuants(block)
    }

    /// The best scale of each of eight runs. `[16]`
    private func fit(_ values: UnsafePointer<RunFloats>) -> Fit {
        var (greatest, magnitude) = (RunFloats(), RunFloats())
        for i in 0..<Self.runLength {
            let x = values[i]
            let isGreater = magnitude .< x.magnitudes
            magnitude.replace(with: x.magnitudes, where: isGreater)
            greatest.replace(with: x, where: isGreater)
            powers[2 &* i] = x * x
            powers[2 &* i &+ 1] = x * x * x
        }
        var fit = Fit()
        fit.isZero = magnitude .< RunFloats(repeating: Self.epsilon)
        fit.inverse = -32 / greatest
        var sums = weightedSums(values, fit.inverse)
        fit.scale = sums.xl / sums.l2
        fit.scale.replace(with: 0, where: sums.l2 .== 0)
        var best = fit.scale * sums.xl
        for step in -9...9 where step != 0 {
            let inverse = -(32 + Float(0.1) * Float(step)) / greatest
            sums = weightedSums(values, inverse)
            let isBetter = (RunFloats() .< sums.l2) .& (best * sums.l2 .< sums.xl * sums.xl)
            let scale = sums.xl / sums.l2
            fit.inverse.replace(with: inverse, where: isBetter)
            fit.scale.replace(with: scale, where: isBetter)
            best.replace(with: scale * sums.xl, where: isBetter)
        }
        fit.scale.replace(with: 0, where: fit.isZero)
        return fit
    }

    /// Sums of a candidate's quants and of their squares, weighted by the values' cubes and squares.
    @inline(__always)
    private func weightedSums(
        _ values: UnsafePointer<RunFloats>, _ inverse: RunFloats
    ) -> (xl: RunFloats, l2: RunFloats) {
        var (sumXL, sumL2) = (RunFloats(), RunFloats())
        for i in 0..<Self.runLength {
            let l = (inverse * values[i]).nearest(-32, 31).integers
            sumXL += powers[2 &* i &+ 1] * l
            sumL2 += powers[2 &* i] * l * l
        }
        return (sumXL, sumL2)
    }

    /// Stores the scales; returns them as they are decoded, or nil where all are as good as 0.
    private func storeScales(
        _ first: RunFloats, _ second: RunFloats, _ block: UnsafeMutableRawPointer
    ) -> (RunFloats, RunFloats)? {
        var (greatest, magnitude): (Float, Float) = (0, 0)
        for run in 0..<16 {
            let scale = run < 8 ? first[run] : second[run &- 8]
            if abs(scale) > magnitude { (greatest, magnitude) = (scale, abs(scale)) }
        }
        if magnitude < Self.epsilon { return nil }
        let inverse = -128 / greatest
        storeHalf(half(rounding: 1 / inverse), block + 208)
        let d = loadHalf(block + 208)
        var (low, high) = (RunFloats(), RunFloats())
        for run in 0..<16 {
            let scale = run < 8 ? first[run] : second[run &- 8]
            let stored = Int8(truncatingIfNeeded: min(127, nearestInteger(inverse * scale)))
            (block + (192 &+ run)).storeBytes(of: stored, as: Int8.self)
            if run < 8 { low[run] = d * Float(stored) } else { high[run &- 8] = d * Float(stored) }
        }
        return (low, high)
    }

    /// Rounds the values of eight runs to quants of the stored scales; a run whose scale is stored as 0 keeps those of
    /// its fit.
    private func quantize(
        _ values: UnsafePointer<RunFloats>, _ fit: Fit, _ scales: RunFloats,
        _ quants: UnsafeMutablePointer<RunFloats>
    ) {
        let isLost = scales .== 0
        let zero = RunFloats(repeating: RunFloats.roundingConstant - 32)
        for i in 0..<Self.runLength {
            var quant = (values[i] / scales).nearest(-32, 31)
            quant.replace(with: (fit.inverse * values[i]).nearest(-32, 31), where: isLost)
            quant.replace(with: zero, where: fit.isZero)
            quants[i] = quant
        }
    }

    private func storeQuants(_ block: UnsafeMutableRawPointer) {
        for half in 0..<2 {
            let (lows, highs) = (block + half &* 64, block + (128 &+ half &* 32))
            for i in 0..<32 {
                let from = quants[half &* Self.runLength &+ i % 16]
                let run = i / 16
                let (q1, q2) = (sixBits(from[run]), sixBits(from[run &+ 2]))
                let (q3, q4) = (sixBits(from[run &+ 4]), sixBits(from[run &+ 6]))
                (lows + i).storeBytes(of: q1 & 0xF | q3 << 4, as: UInt8.self)
                (lows + (i &+ 32)).storeBytes(of: q2 & 0xF | q4 << 4, as: UInt8.self)
                let top = q1 >> 4 | (q2 & 0x30) >> 2 | q3 & 0x30 | (q4 & 0x30) << 2
                (highs + i).storeBytes(of: top, as: UInt8.self)
            }
        }
    }

    /// The quant, 32 more than the integer that ``RunFloats/nearest(_:_:)`` rounded to.
    @inline(__always)
    private func sixBits(_ rounded: Float) -> UInt8 {
        UInt8(truncatingIfNeeded: rounded.bitPattern &+ 32)
    }
}
