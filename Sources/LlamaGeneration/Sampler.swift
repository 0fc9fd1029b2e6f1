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
    struct Scratch {
        /// Mass of each bin of the distribution.
        var masses = [Double](repeating: 0, count: Sampler.bins)
        /// Tokens of the bin in which the nucleus ends.
        var members: [(logit: Float, index: Int)] = []
    }

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

    // The nucleus is the smallest set of likeliest tokens whose mass exceeds topP. Sorting all 128,256 logits
    // would take longer than a layer of a small model; so masses are summed in bins of nearly equal logits,
    // and only the bin in which the sum crosses topP is sorted.
    private func sample(
        _ logits: Span<Float>, best: Float, draw: Double, scratch: inout Scratch
    ) -> Int? {
        for bin in scratch.masses.indices { scratch.masses[bin] = 0 }
        for index in logits.indices {
            let gap = (best - logits[index]) / temperature
            scratch.masses[Sampler.bin(gap)] += Double(expf(-gap))
        }
        let target = Double(topP) * scratch.masses.reduce(0, +)
        var above = 0.0
        var boundary = 0
        while boundary < Sampler.bins - 1, above + scratch.masses[boundary] <= target {
            above += scratch.masses[boundary]
            boundary += 1
        }
        let kept = crossing(
            logits, best: best, bin: boundary, above: above, target: target, members: &scratch.members)
        let nucleus = above + kept.mass
        var remaining = draw * nucleus
        var last: Int?
        for index in logits.indices {
            let gap = (best - logits[index]) / temperature
            let bin = Sampler.bin(gap)
            guard bin < boundary || (bin == boundary && kept.includes(logits[index], index)) else { continue }
            last = index
            remaining -= Double(expf(-gap))
            if remaining < 0 { return index }
        }
        return last
    }

    /// The tokens of one bin that belong to the nucleus.
    private struct Boundary {
        var mass = 0.0
        var lowest = Float.infinity
        var lastIndex = -1

        func includes(_ logit: Float, _ index: Int) -> Bool {
            logit > lowest || (logit == lowest && index <= lastIndex)
        }
    }

    private func crossing(
        _ logits: Span<Float>, best: Float, bin: Int, above: Double, target: Double,
        members: inout [(logit: Float, index: Int)]
    ) -> Boundary {
        members.removeAll(keepingCapacity: true)
        for index in logits.indices where Sampler.bin((best - logits[index]) / temperature) == bin {
            members.append((logits[index], index))
        }
        members.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.index < $1.index }
        var boundary = Boundary()
        for member in members where above + boundary.mass <= target {
            boundary.mass += Double(expf(-(best - member.logit) / temperature))
            (boundary.lowest, boundary.lastIndex) = (member.logit, member.index)
        }
        return boundary
    }

    private static let bins = 2048

    /// Bins of 1/64 nat; the last holds everything less likely than e^-31.9.
    private static func bin(_ gap: Float) -> Int { gap < 31.9 ? Int(gap * 64) : bins - 1 }

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
