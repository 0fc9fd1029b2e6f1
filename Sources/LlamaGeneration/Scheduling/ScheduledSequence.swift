/// A sequence as the ``Scheduler`` sees it: its tokens, and how much of it is in the cache.
struct ScheduledSequence {
    /// The unit that it belongs to.
    let unit: Int
    /// Prompt and what was generated.
    var tokens: [Int32]
    /// Tokens that may come next, to be verified in the step that computes the last known one.
    var drafts: [Int32] = []
    /// Positions whose keys and values are in its pages.
    var computed = 0
    /// Its pages, in the order of positions.
    var pages: [Int] = []
    /// How many of its pages, from the first on, are registered in the pool.
    var registered = 0
    /// The cache's slot while it runs.
    var slot: Int?
    /// Rows in the current plan, those of drafts included.
    var planned = 0
    /// Whether pages of other sequences with the same beginning may be used instead of computing them.
    let reusesPrefix: Bool
    /// Whether the last token of the prompt need not be computed, because nothing is generated.
    let omitsLast: Bool

    /// Positions that are known and to be computed.
    var goal: Int { omitsLast ? tokens.count - 1 : tokens.count }

    /// Whether it has rows to compute, only one of which has a known token.
    var isDecoding: Bool { goal - computed == 1 }

    init(unit: Int, tokens: [Int32], reusesPrefix: Bool, omitsLast: Bool) {
        self.unit = unit
        self.tokens = tokens
        self.reusesPrefix = reusesPrefix
        self.omitsLast = omitsLast
    }
}

/// Sequences that are admitted, preempted and given slots together: the beams of a request, or one sequence alone.
struct ScheduledUnit {
    /// Units with a lower order go first.
    let order: Int
    /// Most sequences that it may have.
    let width: Int
    var members: [Int]
    /// As many of the cache's slots as it is wide, while it runs.
    var slots: [Int] = []
}
