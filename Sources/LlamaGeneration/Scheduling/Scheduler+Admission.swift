// Which units start.
extension Scheduler {
    /// Starts units that wait, in order, while the step has rows and the cache has slots and pages for the next of them.
    mutating func admit() {
        while plan.rows.count < limits.rows, let unit = waiting.first, start(unit) {
            waiting.removeFirst()
            insert(unit, into: \.running)
            for member in units[unit]?.members ?? [] { addRows(of: member) }
        }
    }

    private mutating func start(_ unit: Int) -> Bool {
        guard let members = units[unit]?.members, let width = units[unit]?.width, width <= freeSlots.count
        else { return false }
        var prefixes: [[Int]] = []
        var missing = 0
        for member in members {
            guard let sequence = sequences[member] else { continue }
            let limit = sequence.reusesPrefix ? sequence.goal - 1 : 0
            let prefix = pool.prefix(of: sequence.tokens, limit: limit)
            if isComputed(sequence.tokens, beyond: prefix.count, limit: limit) { return false }
            prefixes.append(prefix)
            missing += pageCount(sequence.goal) - prefix.count
        }
        for prefix in prefixes { prefix.forEach { pool.retain($0) } }
        // A page for each running sequence to grow by, so that this one is not preempted at once.
        let reserve = limits.slots - freeSlots.count + width
        guard missing + reserve <= pool.available || (running.isEmpty && missing <= pool.available) else {
            for prefix in prefixes { prefix.reversed().forEach { pool.release($0) } }
            return false
        }
        let slots = Array(freeSlots.suffix(width).reversed())
        freeSlots.removeLast(width)
        units[unit]?.slots = slots
        for (member, (slot, prefix)) in zip(members, zip(slots, prefixes)) {
            sequences[member]?.registered = prefix.count
            start(member, in: slot, pages: prefix, computed: prefix.count * limits.positions)
            _ = extendPages(of: member, to: sequences[member]?.goal ?? 0)
        }
        return true
    }

    mutating func start(_ member: Int, in slot: Int, pages: [Int], computed: Int) {
        sequences[member]?.slot = slot
        sequences[member]?.pages = pages
        sequences[member]?.computed = computed
        for (index, page) in pages.enumerated() { plan.pages.append((slot, index, page)) }
        plan.lengths.append((slot, computed))
    }

    /// Whether a running sequence is about to compute pages of this beginning, so that waiting for it saves work.
    private func isComputed(_ tokens: [Int32], beyond known: Int, limit: Int) -> Bool {
        let next = (known + 1) * limits.positions
        guard next <= limit else { return false }
        for unit in running {
            for member in units[unit]?.members ?? [] {
                guard let other = sequences[member], other.computed < next, other.tokens.count >= next else {
                    continue
                }
                if other.tokens[..<next] == tokens[..<next] { return true }
            }
        }
        return false
    }
}
