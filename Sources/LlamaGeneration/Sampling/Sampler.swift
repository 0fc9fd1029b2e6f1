import Glibc

/// Draws the next token from logits: temperature, then the nucleus (top-p; Holtzman et al. 2020).
///
/// The draw depends on the logits, the seed, the prompt's index and the position only, so a result does not
/// change with the batch.
package struct Sampler: Sendable {
    /// Divides the logits; 0 always picks the likeliest token.
    package var temperature: Float
    /// Probability mass of the nucleus; 1 or more keeps every token.
    package var topP: Float
    /// Selects the stream of random numbers.
    package var seed: UInt64

    /// - Parameters:
    ///   - temperature: At least 0.
    ///   - topP: Above 0.
    package init(temperature: Float, topP: Float, seed: UInt64) {
        self.temperature = temperature
        self.topP = topP
        self.seed = seed
    }

    /// The next token, or nil where a logit is NaN or infinity, or all are minus infinity.
    package func next(_ logits: Span<Float>, prompt: Int, position: Int) -> Int32? {
        var scratch = Scratch()
        return next(logits, prompt: prompt, position: position, scratch: &scratch)
    }

    /// Buffers of a draw, kept from one draw to the next so that they are allocated once.
    typealias Scratch = Nucleus.Scratch

    /// Like ``next(_:prompt:position:)``, without an allocation per draw.
    func next(_ logits: Span<Float>, prompt: Int, position: Int, scratch: inout Scratch) -> Int32? {
        guard let best = Sampler.argMax(logits), logits[best].isFinite else { return nil }
        guard temperature > 0 else { return Int32(best) }
        let draw = uniform(prompt: prompt, position: position)
        return Int32(sample(logits, best: logits[best], draw: draw, scratch: &scratch) ?? best)
    }

    /// Index of the largest logit, the lowest one on a tie; nil where a logit is NaN or there are none.
    static func argMax(_ logits: Span<Float>) -> Int? {
        guard !logits.isEmpty else { return nil }
        var best = 0
        var hasNaN = logits[0].isNaN
        for index in logits.indices {
            hasNaN = hasNaN || logits[index].isNaN
            if logits[index] > logits[best] { best = index }
        }
        return hasNaN ? nil : best
    }

    /// The token at `draw` of the nucleus's mass, in order of ids.
    ///
    /// - Parameters:
    ///   - best: The largest logit, which is finite.
    ///   - draw: In [0, 1).
    func sample(_ logits: Span<Float>, best: Float, draw: Double, scratch: inout Scratch) -> Int? {
        let nucleus = Nucleus(logits, best: best, temperature: temperature, topP: topP, scratch: &scratch)
        return nucleus.token(at: draw, of: logits, scratch: scratch)
    }

    /// A number in [0, 1) that is a function of seed, prompt and position.
    func uniform(prompt: Int, position: Int) -> Double {
        var state = Sampler.mix(seed)
        state = Sampler.mix(state ^ UInt64(truncatingIfNeeded: prompt))
        state = Sampler.mix(state ^ UInt64(truncatingIfNeeded: position))
        return Double(state >> 11) * 0x1p-53
    }

    /// The output function of SplitMix64 (Steele, Lea and Flood 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
