import Glibc

/// The smallest set of likeliest tokens whose mass exceeds top-p (Holtzman et al. 2020); the lower id first on a tie.
///
/// Sorting all 128,256 logits would take longer than a layer of a small model. So masses are summed in bins of nearly
/// equal logits, and only the bin in which the sum crosses top-p is sorted.
struct Nucleus {
    /// Buffers kept from one draw to the next so that they are allocated once.
    struct Scratch {
        /// Masses by distance from the likeliest token.
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
    init(
        _ logits: Span<Float>, best: Float, temperature: Float, topP: Float, scratch: inout Scratch
    ) {
        scratch.histogram.removeAll()
        for index in logits.indices {
            let gap = (best - logits[index]) / temperature
            scratch.histogram.add(Double(expf(-gap)), to: MassHistogram.bin(gap))
        }
        let target = Double(topP) * scratch.histogram.sum
        let (boundary, above) = scratch.histogram.crossing { $0 <= target }
        self.boundary = boundary
        scratch.members.removeAll(keepingCapacity: true)
        // Impossible tokens have no mass, and none of them may be drawn where rounding leaves some mass to the last one.
        for index in logits.indices
        where MassHistogram.bin((best - logits[index]) / temperature) == boundary
            && logits[index] > -.infinity
        {
            scratch.members.append((logits[index], index))
        }
        scratch.members.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.index < $1.index }
        var kept = 0.0
        for member in scratch.members where above + kept <= target {
            kept += Double(expf(-(best - member.logit) / temperature))
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
}
