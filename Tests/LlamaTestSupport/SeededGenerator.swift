/// A seeded generator (SplitMix64), so that a failure can be repeated.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Numbers that depend on `state` alone.
    public init(state: UInt64) { self.state = state }

    /// Likewise, from a signed seed.
    public init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension SeededGenerator {
    /// Uniform in -1 ..< 1.
    public mutating func float() -> Float { Float(Int32(truncatingIfNeeded: next() >> 32)) * 0x1p-31 }

    /// `count` values of ``float()``.
    public mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }
}
