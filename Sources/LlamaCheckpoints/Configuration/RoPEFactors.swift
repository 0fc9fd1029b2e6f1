/// Llama 3.1's scaling as the factor by which each pair's frequency is divided: what GGUF stores.
///
/// Source: `generate_extra_tensors` of Llama in llama.cpp's `convert_hf_to_gguf.py`, in the same `Float` arithmetic.
package struct RoPEFactors {
    /// `[headDim / 2]`, the fastest pair first.
    package let values: [Float]

    /// Nil for a scaling that needs no factors.
    package init?(theta: Double, scaling: RoPEConfiguration.Scaling, headDim: Int) {
        switch scaling {
        case .none, .linear: return nil
        case .factors(let factors): values = factors
        case .llama3(let factor, let low, let high, let originalLength):
            let frequencies = RoPEConfiguration(theta: theta, scaling: .none).unscaledFrequencies(
                headDim: headDim)
            let length = Float(originalLength)
            values = frequencies.map { frequency in
                let wavelength = 2 * Float.pi / frequency
                if wavelength < length / Float(high) { return 1 }
                if wavelength > length / Float(low) { return Float(factor) }
                let smooth = (length / wavelength - Float(low)) / Float(high - low)
                return 1 / ((1 - smooth) / Float(factor) + smooth)
            }
        }
    }

    /// Whether `factors` are these up to the rounding of another power function.
    ///
    /// On the ramp an error of the frequency grows by up to the factor: with 32, a last bit of 6e-8 becomes 2e-6.
    package func isClose(to factors: [Float]) -> Bool {
        values.count == factors.count && zip(values, factors).allSatisfy { abs($0 - $1) <= 1e-5 * abs($0) }
    }
}
