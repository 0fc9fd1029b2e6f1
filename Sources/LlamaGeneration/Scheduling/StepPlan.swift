/// What the engine does in one step, in this order: copies pages, changes tables and lengths of slots, runs rows.
struct StepPlan {
    /// One row of the forward pass.
    struct Row: Equatable {
        let sequence: Int
        let slot: Int
        let position: Int
        let token: Int32
        /// Whether the row's prediction is that of a token not yet known: it is of the last known token, or a draft.
        let endsSequence: Bool
        /// Whether its token is a draft.
        let isDraft: Bool
    }

    /// Pages whose contents are copied because another sequence still reads the first.
    var copies: [(source: Int, target: Int)] = []
    /// Pages that slots get: `index` counts the slot's pages.
    var pages: [(slot: Int, index: Int, page: Int)] = []
    /// Positions of a slot that its pages already contain.
    var lengths: [(slot: Int, length: Int)] = []
    /// Rows to run; those of a sequence follow one another, first those of sequences that generate.
    var rows: [Row] = []
    /// How many rows belong to tokens that were not generated in the step before.
    var promptRows = 0
    /// Sequences that gave up their pages and wait again.
    var preempted: [Int] = []

    /// Removes the changes of pages, and keeps their memory.
    mutating func removeChanges() {
        copies.removeAll(keepingCapacity: true)
        pages.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }

    /// Removes the rows, and keeps their memory.
    mutating func removeRows() {
        rows.removeAll(keepingCapacity: true)
        preempted.removeAll(keepingCapacity: true)
        promptRows = 0
    }
}
