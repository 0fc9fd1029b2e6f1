/// Quantization to Q4_K, byte for byte as `quantize_row_q4_K_ref` and `make_qkx2_quants` in llama.cpp's `ggml-quants.c`
/// do without fused multiply-adds.
///
/// Of each run of 32, the scale and the minimum are those of 22 candidates whose weighted squared error is least; then
/// both are rounded to 6 bits, in units of the block's greatest, and the values to 4 bits of what was stored. Values
/// that are not finite give some block; nothing traps.
struct Q4KEncoder {
    /// The values of a block: element `i` of all eight runs. `[32]`
    private let values: UnsafeMutablePointer<RunFloats>
    /// How much an error counts. `[32]`
    private let weights: UnsafeMutablePointer<RunFloats>
    /// Quants of a candidate, then those that are stored, as ``RunFloats/nearest(_:_:)`` gives them. `[32]`
    private let quants: UnsafeMutablePointer<RunFloats>

    private static let runLength = 32

    /// Gives `body` an encoder, whose memory is valid during the call; one allocation for any number of blocks.
    @inline(__always)
    static func withScratch(_ body: (Q4KEncoder) -> Void) {
        withUnsafeTemporaryAllocation(of: RunFloats.self, capacity: 3 * runLength) { scratch in
            guard let base = scratch.baseAddress else { return }
            base.initialize(repeating: RunFloats(), count: scratch.count)
            body(
                Q4KEncoder(
                    values: base, weights: base + Self.runLength, quants: base + 2 * Self.runLength))
        }
    }

    /// Scales and minima of the runs, and how their quants were found.
    private struct Fit {
        var scale: RunFloats
        /// Added to scaled quants; 0 or less.
        var minimum: RunFloats
        /// Quants were `(x - quantMinimum) * inverse`.
        var inverse: RunFloats
        var quantMinimum: RunFloats
    }

    /// Encodes 256 values as 144 bytes; see ``decodeQ4_K(_:_:)`` for their layout.
    @inline(__always)
    func encode(_ source: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) {
        for i in 0..<Self.runLength {
            values[i] = RunFloats(
                source[i], source[i &+ 32], source[i &+ 64], source[i &+ 96], source[i &+ 128],
                source[i &+ 160], source[i &+ 192], source[i &+ 224])
        }
        let fit = fit()
        let (scales, minima) = storeScales(fit, block)
        quantize(fit, scales, minima)
        let bytes = block + 16
        for pair in 0..<4 {
            for i in 0..<Self.runLength {
                let low = quants[i][2 &* pair].bitPattern & 0xF
                let high = quants[i][2 &* pair &+ 1].bitPattern & 0xF
                let byte = UInt8(truncatingIfNeeded: low | high << 4)
                (bytes + (pair &* 32 &+ i)).storeBytes(of: byte, as: UInt8.self)
            }
        }
    }

    /// The best scale and minimum of each run.
    private func fit() -> Fit {
        var squares = RunFloats()
        for i in 0..<Self.runLength { squares += values[i] * values[i] }
        let average = (squares / 32).squareRoot()
        var (least, greatest) = (values[0], values[0])
        weights[0] = average + values[0].magnitudes
        var (sumW, sumX) = (weights[0], weights[0] * values[0])
        for i in 1..<Self.runLength {
            let x = values[i]
            least = least.atMost(x)
            greatest = greatest.atLeast(x)
            let w = average + x.magnitudes
            weights[i] = w
            sumW += w
            sumX += w * x
        }
        least = least.atMost(RunFloats())
        let isFlat = greatest .== least
        var fit = Fit(
            scale: RunFloats(), minimum: least, inverse: 15 / (greatest - least), quantMinimum: least)
        fit.scale = 1 / fit.inverse
        for i in 0..<Self.runLength {
            quants[i] = ((values[i] - least) * fit.inverse).nearest(0, 15).integers
        }
        var bestError = error(fit.scale, fit.minimum)
        for step in 0...20 {
            let inverse = (-1 + Float(0.1) * Float(step) + 15) / (greatest - fit.minimum)
            let sums = weightedSums(inverse, fit.minimum)
            let determinant = sumW * sums.l2 - sums.l * sums.l
            var scale = (sumW * sums.xl - sumX * sums.l) / determinant
            var minimum = (sums.l2 * sumX - sums.l * sums.xl) / determinant
            let isPositive = RunFloats() .< minimum
            minimum.replace(with: 0, where: isPositive)
            scale.replace(with: sums.xl / sums.l2, where: isPositive)
            let error = error(scale, minimum)
            let isBetter = (RunFloats() .< determinant) .& (error .< bestError)
            bestError.replace(with: error, where: isBetter)
            fit.inverse.replace(with: inverse, where: isBetter)
            fit.quantMinimum.replace(with: fit.minimum, where: isBetter)
            fit.scale.replace(with: scale, where: isBetter)
            fit.minimum.replace(with: minimum, where: isBetter)
        }
        // All values alike and not positive: quants of 0.
        fit.scale.replace(with: 0, where: isFlat)
        fit.minimum.replace(with: least, where: isFlat)
        fit.inverse.replace(with: 0, where: isFlat)
        return fit
    }

    /// Quantizes the values with a candidate; returns the weighted sums of quants, their squares, and their products
    /// with the values.
    @inline(__always)
    private func weightedSums(
        _ inverse: RunFloats, _ minimum: RunFloats
    ) -> (l: RunFloats, l2: RunFloats, xl: RunFloats) {
        var (sumL, sumL2, sumXL) = (RunFloats(), RunFloats(), RunFloats())
        for i in 0..<Self.runLength {
            let x = values[i]
            let l = (inverse * (x - minimum)).nearest(0, 15).integers
            quants[i] = l
            let wl = weights[i] * l
            sumL += wl
            sumL2 += wl * l
            sumXL += wl * x
        }
        return (sumL, sumL2, sumXL)
    }

    /// The weighted squared error of the candidate in ``quants``.
    @inline(__always)
    private func error(_ scale: RunFloats, _ minimum: RunFloats) -> RunFloats {
        var sum = RunFloats()
        for i in 0..<Self.runLength {
            let difference = scale * quants[i] + minimum - values[i]
            sum += weights[i] * (difference * difference)
        }
        return sum
    }

    /// Stores scales and minima; returns them as they are decoded.
    private func storeScales(
        _ fit: Fit, _ block: UnsafeMutableRawPointer
    ) -> (scales: RunFloats, minima: RunFloats) {
        let minima = -fit.minimum
        var (greatestScale, greatestMinimum): (Float, Float) = (0, 0)
        for run in 0..<8 {
            if fit.scale[run] > greatestScale { greatestScale = fit.scale[run] }
            if minima[run] > greatestMinimum { greatestMinimum = minima[run] }
        }
        let inverseScale = greatestScale > 0 ? 63 / greatestScale : 0
        let inverseMinimum = greatestMinimum > 0 ? 63 / greatestMinimum : 0
        storeHalf(half(rounding: greatestScale / 63), block)
        storeHalf(half(rounding: greatestMinimum / 63), block + 2)
        let (d, dmin) = (loadHalf(block), loadHalf(block + 2))
        var packed = SIMD16<UInt8>()
        var (scales, stored) = (RunFloats(), RunFloats())
        for run in 0..<8 {
            let s = sixBits(inverseScale * fit.scale[run])
            let m = sixBits(inverseMinimum * minima[run])
            scales[run] = d * Float(s)
            stored[run] = dmin * Float(m)
            if run < 4 {
                packed[run] = s
                packed[run &+ 4] = m
            } else {
                packed[run &+ 4] = s & 0xF | m << 4
                packed[run &- 4] |= (s & 0x30) << 2
                packed[run] |= (m & 0x30) << 2
            }
        }
        for i in 0..<12 { (block + (4 &+ i)).storeBytes(of: packed[i], as: UInt8.self) }
        return (scales, stored)
    }

    @inline(__always)
    private func sixBits(_ value: Float) -> UInt8 {
        min(63, UInt8(truncatingIfNeeded: nearestInteger(value)))
    }

    /// Rounds the values to quants of the stored scales; a run whose scale is stored as 0 keeps those of its fit.
    private func quantize(_ fit: Fit, _ scales: RunFloats, _ minima: RunFloats) {
        let isLost = scales .== 0
        for i in 0..<Self.runLength {
            var quant = ((values[i] + minima) / scales).nearest(0, 15)
            let first = (fit.inverse * (values[i] - fit.quantMinimum)).nearest(0, 15)
            quant.replace(with: first, where: isLost)
            quants[i] = quant
        }
    }
}
