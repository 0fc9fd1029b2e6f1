// Eight runs of a super-block at a time, one to a lane, so that a sum over a run keeps the order of llama.cpp's scalar
// code and the search for its scale is vectorized nevertheless.

/// A float of each of eight runs.
typealias RunFloats = SIMD8<Float>

extension SIMD8<Float> {
    /// Floats near it have an ulp of 1: adding it rounds to the nearest integer, ties to even.
    @inline(__always)
    static var roundingConstant: Float { 12_582_912 }  // 1.5 * 2^23

    /// `nearest_int` of llama.cpp, clamped, as the sum of ``roundingConstant`` and the integer.
    ///
    /// As there, only the low 23 bits of the sum count: beyond ±2^22, for infinities and for NaNs the integer is
    /// another, but defined, one.
    @inline(__always)
    func nearest(_ least: Float, _ greatest: Float) -> RunFloats {
        let sum = self + Self.roundingConstant
        let low = SIMD8<UInt32>(bits: sum) & 0x7F_FFFF
        let rounded = RunFloats(bits: low | 0x4B00_0000)
        return rounded.atLeast(RunFloats(repeating: least + Self.roundingConstant))
            .atMost(RunFloats(repeating: greatest + Self.roundingConstant))
    }

    /// The integers that ``nearest(_:_:)`` has rounded to.
    @inline(__always)
    var integers: RunFloats { self - Self.roundingConstant }

    /// `bound` where it is greater, as C's `MAX`.
    @inline(__always)
    func atLeast(_ bound: RunFloats) -> RunFloats { replacing(with: bound, where: self .< bound) }

    /// `bound` where it is less, as C's `MIN`.
    @inline(__always)
    func atMost(_ bound: RunFloats) -> RunFloats { replacing(with: bound, where: bound .< self) }

    /// The absolute values.
    @inline(__always)
    var magnitudes: RunFloats { RunFloats(bits: SIMD8<UInt32>(bits: self) & 0x7FFF_FFFF) }

    @inline(__always)
    private init(bits: SIMD8<UInt32>) { self = unsafeBitCast(bits, to: RunFloats.self) }
}

extension SIMD8<UInt32> {
    /// The bits of floats.
    @inline(__always)
    init(bits floats: RunFloats) { self = unsafeBitCast(floats, to: SIMD8<UInt32>.self) }
}

/// `nearest_int` of llama.cpp: the nearest integer, ties to even; beyond ±2^22, another one.
@inline(__always)
func nearestInteger(_ value: Float) -> Int32 {
    let sum = value + RunFloats.roundingConstant
    return Int32(bitPattern: sum.bitPattern & 0x7F_FFFF) &- 0x40_0000
}
