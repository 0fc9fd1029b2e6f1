import Glibc

/// The smallest set of likeliest tokens whose mass exceeds top-p (Holtzman et al. 2020); the lower id first on a tie.
///
/// Sorting all 128,256 logits would take longer than a layer of a small model. So masses are summed in bins of nearly
/// equal logits, and only the bin in which the sum crosses top-p is sorted.
struct Nucleus {
    /// Buffers kept from one draw to the next so that they are allocated once.
    struct Scratch {
        /// `(best - logit) / temperature` of each token.
        var gaps: [Float] = []
        /// `exp(-gap)` of each token.
        var masses: [Float] = []
        /// Masses by gap.
        var histogram = MassHistogram()
        /// Tokens of the bin in which the nucleus ends.
        var members: [(logit: Float, index: Int)] = []
    }

    /// The sum of `exp((logit - best) / temperature)` over its tokens.
    private(set) var mass: Double
    /// The bin in which it ends, and its last token.
    private let boundary: Int
    private var lowest = Float.infinity
    private var lastIndex = -1

    /// - Parameters:
    ///   - best: The largest logit, which is finite.
    ///   - temperature: Above 0.
    ///   - scratch: Holds the gaps and masses of all tokens from here on.
    init(
        _ logits: Span<Float>, best: Float, temperature: Float, topP: Float, scratch: inout Scratch
    ) {
        Self.fill(&scratch.gaps, &scratch.masses, logits, best: best, temperature: temperature)
        Self.fill(&scratch.histogram, &scratch.gaps, &scratch.masses)
        let target = Double(topP) * scratch.histogram.sum
        let (boundary, above) = scratch.histogram.crossing { $0 <= target }
        self.boundary = boundary
        scratch.members.removeAll(keepingCapacity: true)
        // Impossible tokens have no mass, and none of them may be drawn where rounding leaves some mass to the last one.
        for index in logits.indices
        where MassHistogram.bin(scratch.gaps[index]) == boundary && logits[index] > -.infinity {
            scratch.members.append((logits[index], index))
        }
        scratch.members.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.index < $1.index }
        var kept = 0.0
        for member in scratch.members where above + kept <= target {
            kept += Double(scratch.masses[member.index])
            (lowest, lastIndex) = (member.logit, member.index)
        }
        mass = above + kept
    }

    /// Whether a token belongs to it.
    ///
    /// - Parameter gap: `(best - logit) / temperature`.
    func contains(_ index: Int, logit: Float, gap: Float) -> Bool {
        let bin = MassHistogram.bin(gap)
        return bin < boundary
            || (bin == boundary && (logit > lowest || (logit == lowest && index <= lastIndex)))
    }

    /// The token at `draw` of its mass, in order of ids.
    ///
    /// - Parameters:
    ///   - logits: Those of which it was made.
    ///   - draw: In [0, 1).
    func token(at draw: Double, of logits: Span<Float>, scratch: borrowing Scratch) -> Int? {
        let (gaps, masses) = (scratch.gaps.span, scratch.masses.span)
        var remaining = draw * mass
        var last: Int?
        for index in logits.indices where contains(index, logit: logits[index], gap: gaps[index]) {
            last = index
            remaining -= Double(masses[index])
            if remaining < 0 { return index }
        }
        return last
    }

    /// Computes the gaps and masses of all tokens.
    static func fill(
        _ gaps: inout [Float], _ masses: inout [Float], _ logits: Span<Float>, best: Float, temperature: Float
    ) {
        if gaps.count != logits.count {
            gaps = Array(repeating: 0, count: logits.count)
            masses = Array(repeating: 0, count: logits.count)
        }
        var gaps = gaps.mutableSpan
        var masses = masses.mutableSpan
        for index in logits.indices { gaps[index] = (best - logits[index]) / temperature }
        for index in logits.indices { masses[index] = expf(-gaps[index]) }
    }

    // Takes the arrays, as a span of one buffer of `Scratch` would borrow all of them.
    static func fill(_ histogram: inout MassHistogram, _ gaps: inout [Float], _ masses: inout [Float]) {
        histogram.fill(distances: gaps.span, masses: masses.span)
    }
}
