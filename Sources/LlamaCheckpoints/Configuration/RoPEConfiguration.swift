import Glibc

/// Rotary position embedding: its base and how it is scaled to longer contexts.
package struct RoPEConfiguration: Sendable, Equatable {
    /// How frequencies are scaled.
    package enum Scaling: Sendable, Equatable {
        /// As trained.
        case none
        /// Every frequency divided by `factor` (position interpolation).
        case linear(factor: Double)
        /// Llama 3.1's scheme: low frequencies divided by `factor`, high ones kept, a ramp between.
        ///
        /// Source: `apply_scaling` in Meta's `llama_models/llama3/model.py`.
        case llama3(
            factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalLength: Int)
        /// The frequency of each pair divided by its own factor `[headDim / 2]`; GGUF files may state them.
        case factors([Float])
    }

    /// Base of the geometric series of wavelengths.
    package let theta: Double
    /// How frequencies are scaled.
    package let scaling: Scaling

    package init(theta: Double, scaling: Scaling) {
        self.theta = theta
        self.scaling = scaling
    }

    /// The rotation per position of each pair, in radians: `[headDim / 2]`.
    ///
    /// Computed in `Float` in the same steps as Meta's and transformers' code: the weights were trained with those
    /// roundings.
    package func inverseFrequencies(headDim: Int) -> [Float] {
        let frequencies = unscaledFrequencies(headDim: headDim)
        if case .factors(let factors) = scaling { return zip(frequencies, factors).map { $0 / $1 } }
        return frequencies.map(scaled)
    }

    /// The rotations before scaling `[headDim / 2]`.
    func unscaledFrequencies(headDim: Int) -> [Float] {
        (0..<headDim / 2).map { index in
            let exponent = Float(2 * index) / Float(headDim)
            // Rounded from double precision, it is the same with any C library.
            return 1 / Float(pow(Double(Float(theta)), Double(exponent)))
        }
    }

    private func scaled(_ frequency: Float) -> Float {
        switch scaling {
        case .none, .factors: return frequency
        case .linear(let factor): return frequency / Float(factor)
        case .llama3(let factor, let low, let high, let originalLength):
            let length = Float(originalLength)
            let wavelength = 2 * Float.pi / frequency
            if wavelength < length / Float(high) { return frequency }
            if wavelength > length / Float(low) { return frequency / Float(factor) }
            let smooth = (length / wavelength - Float(low)) / Float(high - low)
            return (1 - smooth) * frequency / Float(factor) + smooth * frequency
        }
    }
}
