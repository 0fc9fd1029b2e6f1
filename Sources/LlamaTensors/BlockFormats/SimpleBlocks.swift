// The formats of 32 elements with one scale, one block at a time.
//
// Source: `block_q4_0` … `block_q8_0` in `ggml-common.h` and `dequantize_row_*` in `ggml-quants.c` of llama.cpp. The
// first half of a block's elements is in the low nibbles, the second in the high ones; fifth bits are one
// little-endian word, element 0 lowest.

/// `[d: f16][16 x two 4-bit quants]`: `d * (q - 8)`.
@inline(__always)
func decodeQ4_0(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let d = loadHalf(block)
    for i in 0..<16 {
        let pair = byte(block, 2 &+ i)
        values[i] = d * Float(Int32(pair & 0xF) &- 8)
        values[i &+ 16] = d * Float(Int32(pair >> 4) &- 8)
    }
}

/// `[d: f16][m: f16][16 x two 4-bit quants]`: `d * q + m`.
@inline(__always)
func decodeQ4_1(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let (d, m) = (loadHalf(block), loadHalf(block + 2))
    for i in 0..<16 {
        let pair = byte(block, 4 &+ i)
        values[i] = d * Float(Int32(pair & 0xF)) + m
        values[i &+ 16] = d * Float(Int32(pair >> 4)) + m
    }
}

/// `[d: f16][fifth bits: u32][16 x two 4-bit quants]`: `d * (q - 16)`.
@inline(__always)
func decodeQ5_0(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let d = loadHalf(block)
    let high = UInt32(littleEndian: (block + 2).loadUnaligned(as: UInt32.self))
    for i in 0..<16 {
        let pair = UInt32(byte(block, 6 &+ i))
        let fifth = UInt32(truncatingIfNeeded: i)
        let (low, top) = (
            pair & 0xF | (high &>> fifth & 1) << 4, pair >> 4 | (high &>> (fifth &+ 16) & 1) << 4
        )
        values[i] = d * Float(Int32(bitPattern: low) &- 16)
        values[i &+ 16] = d * Float(Int32(bitPattern: top) &- 16)
    }
}

/// `[d: f16][m: f16][fifth bits: u32][16 x two 4-bit quants]`: `d * q + m`.
@inline(__always)
func decodeQ5_1(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let (d, m) = (loadHalf(block), loadHalf(block + 2))
    let high = UInt32(littleEndian: (block + 4).loadUnaligned(as: UInt32.self))
    for i in 0..<16 {
        let pair = UInt32(byte(block, 8 &+ i))
        let fifth = UInt32(truncatingIfNeeded: i)
        let (low, top) = (
            pair & 0xF | (high &>> fifth & 1) << 4, pair >> 4 | (high &>> (fifth &+ 16) & 1) << 4
        )
        values[i] = d * Float(Int32(bitPattern: low)) + m
        values[i &+ 16] = d * Float(Int32(bitPattern: top)) + m
    }
}

/// `[d: f16][32 x i8 quant]`: `d * q`.
@inline(__always)
func decodeQ8_0(_ block: UnsafeRawPointer, _ values: UnsafeMutablePointer<Float>) {
    let d = loadHalf(block)
    for i in 0..<32 { values[i] = d * Float(Int32(Int8(bitPattern: byte(block, 2 &+ i)))) }
}
