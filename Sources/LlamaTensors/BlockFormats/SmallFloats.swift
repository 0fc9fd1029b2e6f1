// Conversions of the 16-bit floats by their bits. They have no branches, so that loops over them vectorize; the
// standard library's conversions call into the compiler's runtime library and do not.

/// The value of an IEEE 754 binary16; a NaN keeps its sign and payload.
@inline(__always)
func float(fromHalf half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    // With the exponent still biased by 15 the value is 2^112 too small; scaling is exact, subnormal or not.
    let scaled = Float(bitPattern: UInt32(half & 0x7FFF) << 13) * 0x1p112
    let special: UInt32 = half & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
    return Float(bitPattern: scaled.bitPattern | special | sign)
}

/// The nearest binary16, ties to even; infinity from 65520 up. A NaN keeps its sign and the top of its payload.
@inline(__always)
func half(rounding value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    // Between 2^-14 and 65536: half an ulp, less one bit where the result is even, carries into the bits that are kept.
    let odd = magnitude >> 13 & 1
    let normal = UInt16(truncatingIfNeeded: (magnitude &+ 0xC800_0FFF &+ odd) >> 13)
    // Below: an ulp of 1/2 equals one of a subnormal half, so the addition rounds.
    let shifted = Float(bitPattern: magnitude) + 0.5
    let subnormal = UInt16(truncatingIfNeeded: shifted.bitPattern &- 0x3F00_0000)
    let payload = UInt16(truncatingIfNeeded: magnitude >> 13) & 0x3FF
    let nan = 0x7C00 | (payload == 0 ? 0x200 : payload)
    let finite = magnitude < 0x3880_0000 ? subnormal : normal
    let special = magnitude > 0x7F80_0000 ? nan : 0x7C00
    return sign | (magnitude < 0x4780_0000 ? finite : special)
}

/// The nearest bfloat16, ties to even. A NaN keeps its sign and the top of its payload.
@inline(__always)
func bfloat16(rounding value: Float) -> UInt16 {
    let bits = value.bitPattern
    let top = UInt16(truncatingIfNeeded: bits >> 16)
    let rounded = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    let nan = top & 0x7F == 0 ? top | 0x40 : top
    return bits & 0x7FFF_FFFF > 0x7F80_0000 ? nan : rounded
}

/// The little-endian binary16 at `address`.
@inline(__always)
func loadHalf(_ address: UnsafeRawPointer) -> Float {
    float(fromHalf: UInt16(littleEndian: address.loadUnaligned(as: UInt16.self)))
}

/// Stores a binary16's bits at `address`, little-endian.
@inline(__always)
func storeHalf(_ bits: UInt16, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: bits.littleEndian, as: UInt16.self)
}

/// The byte at `index` from `address`.
@inline(__always)
func byte(_ address: UnsafeRawPointer, _ index: Int) -> UInt8 {
    address.load(fromByteOffset: index, as: UInt8.self)
}
