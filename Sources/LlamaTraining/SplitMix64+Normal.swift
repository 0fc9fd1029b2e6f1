import Glibc
import LlamaTensors

extension SplitMix64 {
    /// A number of the standard normal distribution (Box and Muller 1958).
    mutating func nextNormal() -> Float {
        let radius = (-2 * log(1 - nextUnit())).squareRoot()
        return Float(radius * cos(2 * .pi * nextUnit()))
    }

    /// A number in [0, 1).
    private mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
