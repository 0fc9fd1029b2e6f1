import Glibc

/// Removes unlikely tokens before one is drawn.
///
/// In this order, which is that of transformers' `generate`, each on what the one before it has left: temperature,
/// top-k, top-p, min-p, typical-p. Differences are confined to ties and to the last bit of a sum:
/// - top-k keeps all tokens with the k-th logit, as transformers does, and compares logits before they are divided by the
///   temperature;
/// - top-p keeps a token where the mass of likelier ones is at most top-p (Meta's rule; transformers: less than top-p),
///   and of equal tokens the lower ids first (transformers: as its sort leaves them);
/// - sums are in double precision.
struct Warpers: Sendable {
    private let temperature: Float
    private let topK: Int
    private let topP: Float
    private let minP: Float
    private let typicalP: Float

    /// Buffers kept from one token to the next.
    struct Scratch {
        fileprivate var top = TopSelection<TokenLogprob>()
        fileprivate var nucleus = Nucleus.Scratch()
        fileprivate var members: [(distance: Float, mass: Double)] = []
    }

    /// - Parameter options: As ``SamplingOptions/validate(maxTokens:vocabularySize:)`` accepts them, with a temperature
    ///   above 0.
    init(_ options: SamplingOptions) {
        temperature = options.temperature
        topK = options.topK
        topP = options.topP
        minP = options.minP
        typicalP = options.typicalP
    }

    /// Whether temperature and top-p are all that is asked for, so that ``Sampler`` can draw without changing the logits.
    var isNucleusOnly: Bool { topK == 0 && minP == 0 && typicalP >= 1 }

    /// Makes the tokens that are not kept impossible; the others keep their score, which the temperature has not divided.
    ///
    /// - Parameters:
    ///   - values: `[vocabularySize]`, changed in place.
    ///   - best: The largest of them, which is finite.
    func apply(to values: inout [Float], best: Float, scratch: inout Scratch) {
        var scores = values.mutableSpan
        if topK > 0, topK < scores.count { keepTopK(&scores, &scratch.top) }
        if topP < 1 { keepNucleus(&scores, best, &scratch.nucleus) }
        if minP > 0 {
            for index in scores.indices where expf(-gap(scores[index], best)) < minP {
                scores[index] = -.infinity
            }
        }
        if typicalP < 1 { keepTypical(&scores, best, &scratch) }
    }

    /// Replaces scores by their masses, `exp((score - best) / temperature)`, and returns the sum.
    func makeMasses(_ values: inout [Float], best: Float) -> Double {
        var scores = values.mutableSpan
        var sum = 0.0
        for index in scores.indices {
            let mass = expf(-gap(scores[index], best))
            scores[index] = mass
            sum += Double(mass)
        }
        return sum
    }

    private func gap(_ score: Float, _ best: Float) -> Float { (best - score) / temperature }

    private func keepTopK(_ scores: inout MutableSpan<Float>, _ top: inout TopSelection<TokenLogprob>) {
        top.reset(capacity: topK)
        top.insert(scores.span)
        guard let threshold = top.lowest?.logprob else { return }
        for index in scores.indices where scores[index] < threshold { scores[index] = -.infinity }
    }

    private func keepNucleus(
        _ scores: inout MutableSpan<Float>, _ best: Float, _ scratch: inout Nucleus.Scratch
    ) {
        let nucleus = Nucleus(
            scores.span, best: best, temperature: temperature, topP: topP, scratch: &scratch)
        for index in scores.indices
        where !nucleus.contains(index, logit: scores[index], gap: gap(scores[index], best)) {
            scores[index] = -.infinity
        }
    }

    // A token's distance is that of its information content from the entropy. Both contain the logarithm of the sum of all
    // masses, so the distance is |gap - mean gap|. As in Nucleus, only the bin in which the mass is reached is sorted.
    private func keepTypical(_ scores: inout MutableSpan<Float>, _ best: Float, _ scratch: inout Scratch) {
        Nucleus.fill(
            &scratch.nucleus.gaps, &scratch.nucleus.masses, scores.span, best: best, temperature: temperature)
        var (sum, mean) = (0.0, 0.0)
        // A gap without mass may be infinite.
        for index in scores.indices where scratch.nucleus.masses[index] > 0 {
            let mass = Double(scratch.nucleus.masses[index])
            sum += mass
            mean += mass * Double(scratch.nucleus.gaps[index])
        }
        mean /= sum
        for index in scores.indices {
            scratch.nucleus.gaps[index] = Float(abs(Double(scratch.nucleus.gaps[index]) - mean))
        }
        Nucleus.fill(&scratch.nucleus.histogram, &scratch.nucleus.gaps, &scratch.nucleus.masses)
        let target = Double(typicalP) * sum
        let (boundary, before) = scratch.nucleus.histogram.crossing { $0 < target }
        scratch.members.removeAll(keepingCapacity: true)
        for index in scores.indices
        where scores[index] > -.infinity && MassHistogram.bin(scratch.nucleus.gaps[index]) == boundary {
            scratch.members.append((scratch.nucleus.gaps[index], Double(scratch.nucleus.masses[index])))
        }
        scratch.members.sort { $0.distance < $1.distance }
        var mass = before
        var farthest = -Float.infinity
        for member in scratch.members where mass < target {
            farthest = member.distance
            mass += member.mass
        }
        for index in scores.indices {
            let distance = scratch.nucleus.gaps[index]
            let bin = MassHistogram.bin(distance)
            if bin > boundary || (bin == boundary && distance > farthest) { scores[index] = -.infinity }
        }
    }
}
