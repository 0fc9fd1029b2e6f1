/// Decides which rows each step computes and which pages hold what; pure, so that it is tested without a model.
///
/// Units of sequences wait, first come first served, until the cache has slots and pages for them, and then run until
/// they are removed. In every step each running sequence that generates gets its row; what is left of the step's rows
/// goes to prompts, in order, so that a long prompt delays the others by no more than a step. Where pages run out, the
/// youngest running unit gives up its own and waits again, to be computed anew: the oldest always proceeds.
///
/// Full pages are shared between sequences with equal beginnings, and kept for later ones as long as no other use needs
/// them. A page that several sequences hold is copied before one of them writes to it.
///
/// A step is `makePlan()`, then for each sequence with rows `append(_:to:)` of what was generated and
/// `rejectDrafts(_:of:)`, then `finishStep()`.
struct Scheduler {
    /// Bounds of what runs at a time.
    struct Limits {
        /// Rows of a step.
        var rows: Int
        /// Sequences in the cache; no more than `rows`.
        var slots: Int
        /// Pages of the cache.
        var pages: Int
        /// Positions of a page.
        var positions: Int

        /// Most positions of each of some sequences that are in the cache together, when nothing else is.
        func mostPositions(sequences count: Int) -> Int {
            let (most, overflow) = (pages / count).multipliedReportingOverflow(by: positions)
            return overflow ? .max : most
        }
    }

    /// Bounds of what runs at a time.
    let limits: Limits
    /// The cache's pages.
    var pool: PagePool
    /// By number of sequence.
    var sequences: [ScheduledSequence?] = []
    /// By number of unit.
    var units: [ScheduledUnit?] = []
    /// Units in the cache, by order.
    var running: [Int] = []
    /// Units that wait, by order.
    var waiting: [Int] = []
    /// What the current step does; between two steps, what the next does already.
    var plan = StepPlan()
    private var freeSequences: [Int] = []
    private var freeUnits: [Int] = []
    var freeSlots: [Int]

    /// A scheduler without sequences.
    init(_ limits: Limits) {
        self.limits = limits
        pool = PagePool(count: limits.pages, positions: limits.positions)
        freeSlots = (0..<limits.slots).reversed()
    }

    /// Whether no sequence runs or waits.
    var isEmpty: Bool { running.isEmpty && waiting.isEmpty }

    /// Whether as many sequences of a length can be in the cache together, when nothing else is.
    func fits(sequences count: Int, positions: Int) -> Bool {
        count <= limits.slots && positions <= limits.mostPositions(sequences: count)
    }

    // MARK: Sequences

    /// Adds a unit of one sequence to those that wait.
    ///
    /// - Parameters:
    ///   - tokens: At least one.
    ///   - order: Units with a lower order go first.
    ///   - width: Most sequences that the unit may come to have.
    ///   - reusesPrefix: Whether the beginning may be taken from the cache, which gives no logits for it.
    ///   - omitsLast: Whether the last token is not computed.
    /// - Returns: The number of the sequence.
    mutating func submit(
        _ tokens: [Int32], order: Int, width: Int = 1, reusesPrefix: Bool = true, omitsLast: Bool = false
    ) -> Int {
        let unit = freeUnits.popLast() ?? units.count
        if unit == units.count { units.append(nil) }
        let member = add(
            ScheduledSequence(unit: unit, tokens: tokens, reusesPrefix: reusesPrefix, omitsLast: omitsLast))
        units[unit] = ScheduledUnit(order: order, width: width, members: [member])
        insert(unit, into: \.waiting)
        return member
    }

    /// Adds a unit of one sequence that continues another from what that has computed, at once where there is a slot.
    ///
    /// - Parameters:
    ///   - parent: A sequence, running or not.
    ///   - tokens: Those of the parent up to `computed`, then others.
    ///   - computed: Positions that are taken from the parent, at most as many as it has computed.
    ///   - order: Where the new unit waits if there is no slot.
    mutating func fork(_ parent: Int, tokens: [Int32], computed: Int, order: Int) -> Int {
        let child = submit(tokens, order: order)
        guard let source = sequences[parent], source.computed >= computed, let slot = freeSlots.popLast(),
            let unit = sequences[child]?.unit
        else { return child }
        waiting.removeAll { $0 == unit }
        units[unit]?.slots = [slot]
        insert(unit, into: \.running)
        let pages = Array(source.pages.prefix(pageCount(computed)))
        pages.forEach { pool.retain($0) }
        sequences[child]?.registered = min(source.registered, computed / limits.positions)
        start(child, in: slot, pages: pages, computed: computed)
        return child
    }

    /// Replaces the sequences of a unit by continuations of them: the new one of index `i` has the tokens and pages of
    /// `parents[i]`, and `tokens[i]` behind them.
    ///
    /// - Parameters:
    ///   - sequence: One of the unit's.
    ///   - parents: Sequences of the unit, at most as many as it may have.
    /// - Returns: The numbers of the new sequences.
    mutating func reorder(unitOf sequence: Int, parents: [Int], tokens: [Int32]) -> [Int] {
        guard let unit = sequences[sequence]?.unit, let members = units[unit]?.members else { return [] }
        let slots = units[unit]?.slots ?? []
        let continued = zip(parents, tokens).compactMap { parent, token -> ScheduledSequence? in
            guard var copy = sequences[parent] else { return nil }
            copy.tokens.append(token)
            copy.pages.forEach { pool.retain($0) }
            return copy
        }
        var pages: [Int: [Int]] = [:]
        for member in members {
            guard let old = sequences[member] else { continue }
            if let slot = old.slot { pages[slot] = old.pages }
            old.pages.reversed().forEach { pool.release($0) }
            sequences[member] = nil
            freeSequences.append(member)
        }
        let numbers = continued.enumerated().map { index, sequence in
            var sequence = sequence
            if index < slots.count { move(&sequence, to: slots[index], holding: pages[slots[index]] ?? []) }
            return add(sequence)
        }
        units[unit]?.members = numbers
        return numbers
    }

    /// Gives a sequence another slot of its unit, whose pages were others.
    private mutating func move(_ sequence: inout ScheduledSequence, to slot: Int, holding old: [Int]) {
        sequence.slot = slot
        for (index, page) in sequence.pages.enumerated() where index >= old.count || old[index] != page {
            plan.pages.append((slot, index, page))
        }
        plan.lengths.append((slot, sequence.computed))
    }

    /// Appends a generated token.
    mutating func append(_ token: Int32, to sequence: Int) { sequences[sequence]?.tokens.append(token) }

    /// Proposes tokens to be verified together with the sequence's next row, as far as there is room.
    mutating func propose(_ drafts: [Int32], for sequence: Int) { sequences[sequence]?.drafts = drafts }

    /// Forgets the last of the step's drafts, which were not what was generated.
    mutating func rejectDrafts(_ count: Int, of sequence: Int) {
        sequences[sequence]?.planned -= count
    }

    /// Ends a sequence, at any time between two steps, and frees what it holds.
    mutating func remove(_ sequence: Int) {
        guard let unit = sequences[sequence]?.unit else { return }
        stop(sequence)
        sequences[sequence] = nil
        freeSequences.append(sequence)
        units[unit]?.members.removeAll { $0 == sequence }
        guard units[unit]?.members.isEmpty == true else { return }
        freeSlots += units[unit]?.slots ?? []
        running.removeAll { $0 == unit }
        waiting.removeAll { $0 == unit }
        units[unit] = nil
        freeUnits.append(unit)
    }

    // MARK: Steps

    /// Plans the next step.
    mutating func makePlan() {
        plan.removeRows()
        makeRoom()
        let decoding = addDecodingRows()
        addPromptRows()
        admit()
        plan.promptRows = plan.rows.count - decoding
    }

    /// Counts the plan's rows as computed, and registers the pages that they filled.
    mutating func finishStep() {
        plan.removeChanges()
        for unit in running {
            for member in units[unit]?.members ?? [] { finishRows(of: member) }
        }
    }

    private mutating func finishRows(of member: Int) {
        guard var sequence = sequences[member], sequence.planned > 0 else { return }
        sequences[member] = nil  // so that its arrays are not copied
        // Drafts after the end of a sequence are not rejected, as nothing is chosen for them.
        sequence.computed = min(sequence.computed + sequence.planned, sequence.tokens.count)
        sequence.planned = 0
        sequence.drafts.removeAll(keepingCapacity: true)
        while (sequence.registered + 1) * limits.positions <= sequence.computed {
            let index = sequence.registered
            let page = sequence.pages[index]
            let tokens = sequence.tokens[index * limits.positions..<(index + 1) * limits.positions]
            let previous = index > 0 ? sequence.pages[index - 1] : nil
            let known = pool.register(page, after: previous, tokens: tokens)
            if known != page, let slot = sequence.slot {
                // Equal tokens give equal bits, so one copy is enough.
                pool.retain(known)
                pool.release(page)
                sequence.pages[index] = known
                plan.pages.append((slot, index, known))
            }
            sequence.registered += 1
        }
        sequences[member] = sequence
    }

    // MARK: Bookkeeping

    func pageCount(_ positions: Int) -> Int {
        (positions + limits.positions - 1) / limits.positions
    }

    private mutating func add(_ sequence: ScheduledSequence) -> Int {
        if let number = freeSequences.popLast() {
            sequences[number] = sequence
            return number
        }
        sequences.append(sequence)
        return sequences.count - 1
    }

    mutating func insert(_ unit: Int, into list: WritableKeyPath<Scheduler, [Int]>) {
        let order = units[unit]?.order ?? 0
        let place = self[keyPath: list].firstIndex { (units[$0]?.order ?? 0) > order }
        self[keyPath: list].insert(unit, at: place ?? self[keyPath: list].count)
    }
}
