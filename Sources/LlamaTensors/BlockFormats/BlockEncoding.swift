// Quantization to blocks of 32, byte for byte as in llama.cpp.
//
// Source: `quantize_row_q8_0_ref`, `quantize_row_q5_0_ref` and `quantize_row_q4_0_ref` in `ggml-quants.c`, every
// operation rounded to float32 (no fused multiply-adds).

/// 32 values as `[d: f16][32 x i8 quant]` with `d = max |x| / 127` and `q = round(x / d)`, ties away from zero.
///
/// Where C leaves a result undefined, this does what x86-64 does: a quant outside `Int32`, or NaN, is 0; one outside
/// `Int8` is its low byte. So with an infinity among the values, `d` is infinite and every quant 0 (which decodes to
/// NaN); `d` is NaN only where the last value is, because C's comparison drops the maximum before a NaN; and values
/// below about 10^-36, whose scale has no finite inverse, are lost. A `d` of 65520 or more becomes infinite.
@inline(__always)
func encodeQ8_0(_ values: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) {
    var greatest: Float = 0
    for i in 0..<32 {
        // `MAX(greatest, magnitude)` as the C macro compares.
        let magnitude = abs(values[i])
        greatest = greatest > magnitude ? greatest : magnitude
    }
    let d = greatest / 127
    let inverse: Float = d == 0 ? 0 : 1 / d
    storeHalf(half(rounding: d), block)
    for i in 0..<32 {
        let scaled = values[i] * inverse
        let quant = lowByte(scaled.rounded(.toNearestOrAwayFromZero))
        (block + (2 &+ i)).storeBytes(of: quant, as: UInt8.self)
    }
}

/// 32 values as `[d: f16][16 x two 4-bit quants]` with `d = x / -8` of the (first) greatest magnitude's `x`, and
/// `q = min(15, trunc(x / d + 8.5))`. NaN and infinity as in ``encodeQ8_0(_:_:)``, except that NaNs never count
/// as greatest.
@inline(__always)
func encodeQ4_0(_ values: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) {
    let inverse = storeScale(values, greatestQuant: 8, block)
    for i in 0..<16 {
        let low = quant(values[i] * inverse, greatest: 8)
        let high = quant(values[i &+ 16] * inverse, greatest: 8)
        (block + (2 &+ i)).storeBytes(of: low | high << 4, as: UInt8.self)
    }
}

/// 32 values as `[d: f16][fifth bits: u32][16 x two 4-bit quants]` with `d = x / -16` of the (first) greatest
/// magnitude's `x`, and `q = min(31, trunc(x / d + 16.5))`. NaN and infinity as in ``encodeQ4_0(_:_:)``.
@inline(__always)
func encodeQ5_0(_ values: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) {
    let inverse = storeScale(values, greatestQuant: 16, block)
    var fifths: UInt32 = 0
    for i in 0..<16 {
        let low = quant(values[i] * inverse, greatest: 16)
        let high = quant(values[i &+ 16] * inverse, greatest: 16)
        (block + (6 &+ i)).storeBytes(of: low & 0xF | high << 4, as: UInt8.self)
        let bit = UInt32(truncatingIfNeeded: i)
        fifths |= UInt32(low >> 4 & 1) &<< bit | UInt32(high >> 4 & 1) &<< (bit &+ 16)
    }
    (block + 2).storeBytes(of: fifths.littleEndian, as: UInt32.self)
}

/// Stores the scale at which the value of the (first) greatest magnitude has the quant `-greatestQuant`; returns the
/// scale's inverse, or 0.
@inline(__always)
private func storeScale(
    _ values: UnsafePointer<Float>, greatestQuant: Float, _ block: UnsafeMutableRawPointer
) -> Float {
    var magnitude: Float = 0
    var greatest: Float = 0
    for i in 0..<32 where magnitude < abs(values[i]) {
        magnitude = abs(values[i])
        greatest = values[i]
    }
    let d = greatest / -greatestQuant
    storeHalf(half(rounding: d), block)
    return d == 0 ? 0 : 1 / d
}

/// `(uint8_t) MIN(2 * greatest - 1, (int8_t)(scaled + greatest + 0.5f))`.
@inline(__always)
private func quant(_ scaled: Float, greatest: Int8) -> UInt8 {
    let quant = Int8(bitPattern: lowByte(scaled + (Float(greatest) + 0.5)))
    return UInt8(bitPattern: min(2 &* greatest &- 1, quant))
}

/// `(int8_t)value` as x86-64 converts.
@inline(__always)
private func lowByte(_ value: Float) -> UInt8 {
    guard abs(value) < 0x1p31 else { return 0 }
    return UInt8(truncatingIfNeeded: Int32(value))
}
