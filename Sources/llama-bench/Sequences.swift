import LlamaCheckpoints
import LlamaCommands
import LlamaKernels
import LlamaModel

/// Sequences of made-up tokens that a model runs on, all with the same number of tokens in the cache.
///
/// Everything is allocated before it is measured. Passes start at the same position again and again, which forgets what
/// an earlier one has stored from there on.
final class Sequences {
    private let model: Transformer
    private let state: InferenceState
    /// Tokens of every sequence that are in the cache before a measurement.
    let depth: Int
    /// Sequences whose cache is filled up to ``depth``.
    private var filled = 0
    private let rows: [Int]

    /// - Parameters:
    ///   - slots: Most sequences at the same time.
    ///   - tokens: Most tokens of each after the first `depth`.
    init(
        _ model: Transformer, slots: Int, depth: Int, tokens: Int, cacheType: CacheType,
        on kernels: KernelContext
    ) throws(KernelError) {
        self.model = model
        self.depth = depth
        state = try InferenceState(
            model.configuration, slots: slots, length: depth + tokens, cacheType: cacheType, kernels: kernels)
        rows = Array(0..<slots)
    }

    /// Most rows of a pass.
    var rowCapacity: Int { state.rowCapacity }

    /// Fills the cache of the first `count` sequences: of one by computing, of the others by copying.
    func fill(_ count: Int) throws {
        guard depth > 0 else { return }
        if filled == 0 {
            try run(0..<depth, needsLogits: false)
            filled = 1
        }
        while filled < count {
            try Interruption.check()
            try state.cache.copySequence(0, to: filled)
            filled += 1
        }
    }

    /// Computes a prompt behind what is in the cache of the first sequence.
    ///
    /// - Returns: Seconds until the logits of its last token, and until the likeliest token was found in them.
    func prefill(_ count: Int) throws -> (logits: Double, firstToken: Double) {
        let start = ContinuousClock.now
        let logits = try run(depth..<depth + count, needsLogits: true)
        let firstToken = ContinuousClock.now
        return ((logits - start).seconds, (firstToken - start).seconds)
    }

    /// Runs the first sequence over some positions, as many at a time as a pass takes.
    ///
    /// - Returns: When the last logits were there.
    @discardableResult
    private func run(_ positions: Range<Int>, needsLogits: Bool) throws -> ContinuousClock.Instant {
        var (begin, done) = (positions.lowerBound, ContinuousClock.now)
        while begin < positions.upperBound {
            try Interruption.check()
            let end = min(begin + state.rowCapacity, positions.upperBound)
            state.batch.removeAll()
            for position in begin..<end { try append(position, 0) }
            let isLast = needsLogits && end == positions.upperBound
            try model.forward(state, logitsFor: isLast ? [end - begin - 1] : []) { _, logits in
                done = ContinuousClock.now
                likeliest = Self.greatest(logits)
            }
            begin = end
        }
        return done
    }

    /// The token that followed the last prompt; kept so that finding it cannot be left out.
    private(set) var likeliest = 0

    private static func greatest(_ logits: Span<Float>) -> Int {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return best
    }

    /// Decodes tokens of the first `batch` sequences, one of each at a time, with logits but without sampling.
    ///
    /// - Returns: Seconds.
    func decode(_ count: Int, batch: Int) throws -> Double {
        let logitRows = Array(rows.prefix(batch))
        let start = ContinuousClock.now
        for step in 0..<count {
            try Interruption.check()
            state.batch.removeAll()
            for slot in 0..<batch { try append(depth + step, slot) }
            try model.forward(state, logitsFor: logitRows) { _, _ in }
        }
        return (ContinuousClock.now - start).seconds
    }

    /// Any token will do, and other ones in every row.
    private func append(_ position: Int, _ slot: Int) throws(KernelError) {
        let token = (position &* 7919 &+ slot &* 104_729 &+ 1) % model.configuration.vocabularySize
        try state.batch.append(token: Int32(truncatingIfNeeded: token), position: position, slot: slot)
    }
}
