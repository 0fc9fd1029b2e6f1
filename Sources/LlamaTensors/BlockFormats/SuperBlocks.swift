// The "K" formats: super-blocks of 256 elements in runs of 16 or 32. Each run has a small scale, which a half for the
// whole block scales in turn.
//
// Source: `block_q2_K` … `block_q6_K` in `ggml-common.h` and `dequantize_row_*_K` in `ggml-quants.c` of llama.cpp.
// Everywhere below, `run` counts runs of 32 elements.

/// `[16 x (scale: 4 bits, min: 4 bits)][64 x four 2-bit quants][d: f16][dmin: f16]`: `d * scale * q - dmin * min`.
@inline(__always)
func decodeQ2_K(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let quants = block + 16
    let (d, dmin) = (loadHalf(block + 80), loadHalf(block + 82))
    for half in 0..<16 {
        let run = half / 2
        let scale = d * Float(Int32(byte(block, half) & 0xF))
        let minimum = dmin * Float(Int32(byte(block, half) >> 4))
        let from = quants + (run / 4 &* 32 &+ half % 2 &* 16)
        let shift = UInt8(truncatingIfNeeded: run % 4 &* 2)
        let to = values + half &* 16
        for i in 0..<16 { to[i] = scale * Float(Int32(byte(from, i) &>> shift & 3)) - minimum }
    }
}

/// `[32 x eight third bits][64 x four 2-bit quants][16 6-bit scales in 12 bytes][d: f16]`:
/// `d * (scale - 32) * (q - 4)`.
@inline(__always)
func decodeQ3_K(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let (quants, scales) = (block + 32, block + 96)
    let d = loadHalf(block + 108)
    for half in 0..<16 {
        let run = half / 2
        let low = byte(scales, half % 8) >> UInt8(truncatingIfNeeded: half / 8 &* 4) & 0xF
        let high = byte(scales, 8 &+ half % 4) >> UInt8(truncatingIfNeeded: half / 4 &* 2) & 3
        let scale = d * Float(Int32(low | high << 4) &- 32)
        let (from, thirds) = (quants + (run / 4 &* 32 &+ half % 2 &* 16), block + half % 2 &* 16)
        let (shift, third) = (UInt8(truncatingIfNeeded: run % 4 &* 2), UInt8(truncatingIfNeeded: run))
        let to = values + half &* 16
        for i in 0..<16 {
            let q = byte(from, i) &>> shift & 3 | (byte(thirds, i) &>> third & 1) << 2
            to[i] = scale * Float(Int32(q) &- 4)
        }
    }
}

/// The scale and minimum, 6 bits each, of a run of a Q4_K or Q5_K block. For the first four runs, they are the low 6
/// bits of a byte; for the last four, the low nibbles are in the last four bytes and the top 2 bits in the top bits of
/// the first eight.
@inline(__always)
private func scaleAndMinimum(_ scales: UnsafeRawPointer, _ run: Int) -> (scale: Float, minimum: Float) {
    guard run >= 4 else {
        return (Float(Int32(byte(scales, run) & 0x3F)), Float(Int32(byte(scales, run &+ 4) & 0x3F)))
    }
    let nibbles = byte(scales, run &+ 4)
    let scale = nibbles & 0xF | byte(scales, run &- 4) >> 2 & 0x30
    let minimum = nibbles >> 4 | byte(scales, run) >> 2 & 0x30
    return (Float(Int32(scale)), Float(Int32(minimum)))
}

/// `[d: f16][dmin: f16][8 scales and minima in 12 bytes][128 x two 4-bit quants]`: `d * scale * q - dmin * min`.
@inline(__always)
func decodeQ4_K(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let (d, dmin) = (loadHalf(block), loadHalf(block + 2))
    for run in 0..<8 {
        let factors = scaleAndMinimum(block + 4, run)
        let (scale, minimum) = (d * factors.scale, dmin * factors.minimum)
        let from = block + (16 &+ run / 2 &* 32)
        let shift = UInt8(truncatingIfNeeded: run % 2 &* 4)
        let to = values + run &* 32
        for i in 0..<32 { to[i] = scale * Float(Int32(byte(from, i) &>> shift & 0xF)) - minimum }
    }
}

/// As Q4_K with `[32 x eight fifth bits]` before the quants.
@inline(__always)
func decodeQ5_K(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let (d, dmin) = (loadHalf(block), loadHalf(block + 2))
    let fifths = block + 16
    for run in 0..<8 {
        let factors = scaleAndMinimum(block + 4, run)
        let (scale, minimum) = (d * factors.scale, dmin * factors.minimum)
        let from = block + (48 &+ run / 2 &* 32)
        let (shift, fifth) = (UInt8(truncatingIfNeeded: run % 2 &* 4), UInt8(truncatingIfNeeded: run))
        let to = values + run &* 32
        for i in 0..<32 {
            let q = byte(from, i) &>> shift & 0xF | (byte(fifths, i) &>> fifth & 1) << 4
            to[i] = scale * Float(Int32(q)) - minimum
        }
    }
}

/// `[128 x two low nibbles][64 x four 2-bit high parts][16 x i8 scale][d: f16]`: `d * scale * (q - 32)`.
@inline(__always)
func decodeQ6_K(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let (high, scales) = (block + 128, block + 192)
    let d = loadHalf(block + 208)
    for half in 0..<16 {
        let run = half / 2
        let scale = d * Float(Int32(Int8(bitPattern: byte(scales, half))))
        let within = half % 2 &* 16
        let (lows, highs) = (
            block + (run / 4 &* 64 &+ run % 2 &* 32 &+ within), high + (run / 4 &* 32 &+ within)
        )
        let lowShift = UInt8(truncatingIfNeeded: run % 4 / 2 &* 4)
        let highShift = UInt8(truncatingIfNeeded: run % 4 &* 2)
        let to = values + half &* 16
        for i in 0..<16 {
            let q = byte(lows, i) &>> lowShift & 0xF | (byte(highs, i) &>> highShift & 3) << 4
            to[i] = scale * Float(Int32(q) &- 32)
        }
    }
}
